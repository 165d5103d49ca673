// Command sbom prints what a Go binary is made of as a software bill of materials: SPDX
// 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/), from the module list that the
// linker put into the binary. The same binary and time give the same bytes.
//
//	sbom -version 1.2.3 -created 2026-01-02T15:04:05Z tidewatch-linux-amd64
package main

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

type document struct {
	SPDXVersion       string         `json:"spdxVersion"`
	DataLicense       string         `json:"dataLicense"`
	SPDXID            string         `json:"SPDXID"`
	Name              string         `json:"name"`
	DocumentNamespace string         `json:"documentNamespace"`
	CreationInfo      creation       `json:"creationInfo"`
	Packages          []pkg          `json:"packages"`
	Relationships     []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type pkg struct {
	SPDXID           string     `json:"SPDXID"`
	Name             string     `json:"name"`
	VersionInfo      string     `json:"versionInfo"`
	DownloadLocation string     `json:"downloadLocation"`
	FilesAnalyzed    bool       `json:"filesAnalyzed"`
	LicenseConcluded string     `json:"licenseConcluded"`
	LicenseDeclared  string     `json:"licenseDeclared"`
	CopyrightText    string     `json:"copyrightText"`
	ExternalRefs     []external `json:"externalRefs"`
	Comment          string     `json:"comment,omitempty"`
}

type external struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

func main() {
	version := flag.String("version", "", "version of the binary")
	created := flag.String("created", "", "when it was built, RFC 3339")
	flag.Parse()
	if err := run(os.Stdout, flag.Arg(0), *version, *created); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, binary, version, created string) error {
	if _, err := time.Parse(time.RFC3339, created); err != nil {
		return fmt.Errorf("-created: %w", err)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("read %s: %w", binary, err)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	return out.Encode(describe(info, version, created))
}

func describe(info *buildinfo.BuildInfo, version, created string) document {
	goarch := ""
	for _, s := range info.Settings {
		if s.Key == "GOARCH" {
			goarch = s.Value
		}
	}
	d := document{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT",
		Name:              "tidewatch-" + version + "-linux-" + goarch,
		DocumentNamespace: "https://" + info.Main.Path + "/sbom/" + version + "/" + goarch,
		CreationInfo:      creation{created, []string{"Tool: " + info.Main.Path + "/deploy/packages/sbom"}},
	}
	main := module(&debug.Module{Path: info.Main.Path, Version: version})
	main.LicenseConcluded, main.LicenseDeclared = "Apache-2.0", "Apache-2.0"
	d.Packages = append(d.Packages, main, module(&debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		if strings.HasPrefix(m.Path, ".") {
			continue // a directory of this very module
		}
		d.Packages = append(d.Packages, module(m))
	}
	d.Relationships = append(d.Relationships, relationship{d.SPDXID, "DESCRIBES", main.SPDXID})
	for _, p := range d.Packages[1:] {
		d.Relationships = append(d.Relationships, relationship{main.SPDXID, "DEPENDS_ON", p.SPDXID})
	}
	return d
}

func module(m *debug.Module) pkg {
	p := pkg{
		SPDXID: "SPDXRef-" + id(m.Path) + "-" + id(m.Version), Name: m.Path, VersionInfo: m.Version,
		DownloadLocation: "NOASSERTION", LicenseConcluded: "NOASSERTION", LicenseDeclared: "NOASSERTION", CopyrightText: "NOASSERTION",
		ExternalRefs: []external{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + m.Path + "@" + m.Version}},
	}
	// The h1: sum is over all files of the module (golang.org/x/mod/sumdb/dirhash), not over
	// one archive, so it is no SPDX checksum.
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) > 0 {
		p.Comment = "go.sum h1 (hex): " + hex.EncodeToString(sum)
	}
	return p
}

// id leaves what an SPDX identifier may have: letters, digits, dots and hyphens.
func id(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, s)
}
