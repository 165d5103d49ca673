// Package agent assembles Tidewatch: the list of components, the configuration
// and its embedded profiles, the commands and the loop that runs, reloads and
// drains the pipelines. It is the only package that knows all the others.
//
// A custom agent is a main of a few lines:
//
//	func main() { agent.Main(agent.WithProcessors(myprocessor.NewFactory())) }
package agent

//go:generate go test . -run ReferenceComments -update
//go:generate go test . -run ReferencePages -update
