// Package kubeletprocessor says of logs, metrics and traces which pod they come from: its
// namespace, name, container, node, labels, and the workload that owns it. It asks the
// node's own kubelet and nobody else.
package kubeletprocessor
