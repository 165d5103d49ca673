// Command agent builds the tidewatch binary.
package main

import "github.com/tidewatch/tidewatch/agent"

func main() { agent.Main() }
