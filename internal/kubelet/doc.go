// Package kubelet knows the pods of one node from the node's own kubelet: no API server
// is asked, and no right is needed beyond the node's. It reads the kubelet's pod list as a
// stream into small values, keeps those under all names by which a record may speak
// of a pod, and asks again in time, but never too often.
package kubelet
