# What a contributor needs; every target works on a fresh clone with Go alone
# (e2e also wants a JDK 17, Maven and Chromium, and says so).
BINARY  ?= bin/tidewatch
TOOL     = go tool -modfile=internal/tools/go.mod
LDFLAGS  = -s -w

.PHONY: build test race lint fmt generate backends browser e2e bench bench-patterns bench-formats bench-anomaly idle run clean

build: ## the binary, as small as it is shipped
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/agent

test: ## unit and component tests
	go test ./...

race: ## the same under the race detector
	go test -race ./...

lint: ## what .golangci.yml asks for
	$(TOOL) golangci-lint run ./...

fmt: ## rewrites the sources
	$(TOOL) golangci-lint fmt ./...

generate: ## everything that is generated and committed
	go generate ./...

backends: ## fills the cache of real backends that e2e uses
	test/backends/elasticsearch.sh --build
	test/backends/prometheus.sh --build
	test/backends/loki.sh --build

browser: ## the page by itself, in a real Chromium
	go test -tags browser -count=1 ./extensions/consoleextension

e2e: build ## the binary against real Elasticsearch, Loki, Prometheus and Chromium
	TIDEWATCH_BINARY=$(abspath $(BINARY)) go test -tags e2e -count=1 -timeout 25m -v ./test/e2e

bench: ## timings of the hot code, to compare with benchstat
	go test -run '^$$' -bench . -benchmem ./...

bench-patterns bench-formats bench-anomaly: bench-%: build ## scores on labelled data, which TIDEWATCH_YARDSTICKS names
	test/bench/$*.sh $(BINARY)

idle: build ## what the agent costs with nothing to do: size, start, memory, CPU
	test/bench/idle.sh $(BINARY)

run:
	go run ./cmd/agent

clean:
	rm -rf bin
