package redis

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxDatabases bounds how many are told one by one; the others are added up.
const maxDatabases = 32

// info is what INFO tells.
type info struct {
	fields    map[string]string
	databases []database
}

type database struct {
	name                  string
	keys, expires, avgTTL int64
}

// parse reads the text. What it does not know stays in fields; broken lines are left out.
func parse(text string) info {
	i := info{fields: map[string]string{}}
	var others *database
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		if number, ok := strings.CutPrefix(key, "db"); !ok || !decimal(number) {
			i.fields[key] = value
			continue
		}
		db := database{name: strings.TrimPrefix(key, "db")}
		for part := range strings.SplitSeq(value, ",") {
			name, number, _ := strings.Cut(part, "=")
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				continue
			}
			switch name {
			case "keys":
				db.keys = n
			case "expires":
				db.expires = n
			case "avg_ttl":
				db.avgTTL = n
			}
		}
		switch {
		case len(i.databases) < maxDatabases:
			i.databases = append(i.databases, db)
		case others == nil:
			db.name, others = "<other>", &db
		default:
			others.keys += db.keys
			others.expires += db.expires
			others.avgTTL = max(others.avgTTL, db.avgTTL)
		}
	}
	if others != nil {
		i.databases = append(i.databases, *others)
	}
	return i
}

func decimal(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// integer returns a field that is one.
func (i info) integer(key string) (int64, bool) {
	n, err := strconv.ParseInt(i.fields[key], 10, 64)
	return n, err == nil
}

// number returns a field that is one.
func (i info) number(key string) (float64, bool) {
	n, err := strconv.ParseFloat(i.fields[key], 64)
	return n, err == nil
}

// replicas returns how far each connected replica is, by its address.
func (i info) replicas() []replica {
	var all []replica
	for key, value := range i.fields {
		if number, ok := strings.CutPrefix(key, "slave"); !ok || !decimal(number) || len(all) >= maxDatabases {
			continue
		}
		var r replica
		var ip, port string
		for part := range strings.SplitSeq(value, ",") {
			name, v, _ := strings.Cut(part, "=")
			switch name {
			case "ip":
				ip = v
			case "port":
				port = v
			case "offset":
				r.offset, _ = strconv.ParseInt(v, 10, 64) // one that is none is not online yet
			}
		}
		r.address = ip + ":" + port
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b replica) int { return cmp.Compare(a.address, b.address) })
	return all
}

type replica struct {
	address string
	offset  int64
}
