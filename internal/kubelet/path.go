package kubelet

import (
	"strconv"
	"strings"
)

// LogPath is what the path of a container's log says.
type LogPath struct {
	Namespace, Pod, UID, Container string
	// ContainerID is set for the links in /var/log/containers, which have no UID.
	ContainerID string
	// Restart is the number of the container's start, -1 where the path has none.
	Restart int
}

// ParseLogPath reads paths such as
// …/pods/<namespace>_<pod>_<uid>/<container>/<restart>.log and
// …/containers/<pod>_<namespace>_<container>-<id>.log, and those of rotated files. The folder may
// be mounted anywhere.
func ParseLogPath(path string) (LogPath, bool) {
	rest, file := cutLast(path)
	if parent, folder := cutLast(rest); folder == "containers" {
		return parseLink(file)
	} else if pods, pod := cutLast(parent); strings.HasSuffix(pods, "/pods") {
		parts := strings.Split(pod, "_")
		if len(parts) != 3 || folder == "" {
			return LogPath{}, false
		}
		p := LogPath{Namespace: parts[0], Pod: parts[1], UID: parts[2], Container: folder, Restart: restart(file)}
		return p, p.Namespace != "" && p.Pod != "" && p.UID != ""
	}
	return LogPath{}, false
}

func parseLink(file string) (LogPath, bool) {
	name, _, ok := strings.Cut(file, ".log")
	parts := strings.Split(name, "_")
	if !ok || len(parts) != 3 {
		return LogPath{}, false
	}
	i := strings.LastIndexByte(parts[2], '-')
	if i <= 0 || len(parts[2])-i-1 < 12 {
		return LogPath{}, false
	}
	p := LogPath{Pod: parts[0], Namespace: parts[1], Container: parts[2][:i], ContainerID: parts[2][i+1:], Restart: -1}
	return p, p.Pod != "" && p.Namespace != ""
}

func cutLast(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// restart reads 3 of 3.log and 3.log.20260309-120000.gz.
func restart(file string) int {
	number, _, ok := strings.Cut(file, ".log")
	if n, err := strconv.Atoi(number); ok && err == nil && n >= 0 {
		return n
	}
	return -1
}
