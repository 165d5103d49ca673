// Package scrapereceiver reads metrics from pages in Prometheus' formats: of targets that
// are listed, in files, of the node's kubelet and of the pods on the node. What it makes of
// them becomes the same series again in the prometheus and remote_write exporters.
package scrapereceiver
