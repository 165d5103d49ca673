// Package faults puts the built binary through what happens to log readers:
// crashes, rotations, reused inodes, damaged checkpoints, full disks, backends
// that refuse, hostile bytes. An application writes numbered lines to real
// files, the agent reads them, and a sink counts what of each line arrives.
// The tests have the build tag faults: `make faults`.
package faults
