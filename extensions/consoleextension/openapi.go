package consoleextension

import (
	_ "embed" // the document
	"net/http"
)

// openapi describes the API, as OpenAPI 3.1.
//
//go:embed openapi.yaml
var openapi []byte

// openapiPath is where it is served.
const openapiPath = apiPath + "openapi.yaml"

// router takes the handlers of the API, by pattern.
type router interface {
	HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request))
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(openapi) // a reader that left needs no answer
}
