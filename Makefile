# What a contributor needs; every target works on a fresh clone with Go alone
# (e2e also wants a JDK 17, Maven and Chromium, and says so).
BINARY  ?= bin/tidewatch
TOOL     = go tool -modfile=internal/tools/go.mod
LDFLAGS  = -s -w

.PHONY: build test race fuzz fuzz-short lint fmt generate backends browser dashboards-schema e2e faults bench bench-reader bench-queue bench-kafka bench-patterns bench-logchange bench-formats bench-anomaly bench-catalogue bench-elasticsearch bench-loki bench-remotewrite bench-rootcause idle packages image helm-test helm-golden soak soak-short overload run clean

build: ## the binary, as small as it is shipped
	flags=$$(deploy/slim.sh) && CGO_ENABLED=0 go build $$flags -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/agent

test: ## unit and component tests
	go test ./...

race: ## the same under the race detector
	go test -race ./...

fuzz: ## every parser of outside bytes; FUZZTIME=5m, PACKAGES="internal/otlpwire"
	FUZZTIME=$(FUZZTIME) test/fuzz.sh $(PACKAGES)

fuzz-short: ## what strangers send, a second each
	QUICK=1 test/fuzz.sh

lint: ## what .golangci.yml asks for, and that the linker can leave out what is dead
	$(TOOL) golangci-lint run ./...
	test/deadcode.sh

fmt: ## rewrites the sources
	$(TOOL) golangci-lint fmt ./...

generate: ## everything that is generated and committed
	go generate ./...

backends: ## fills the cache of real backends that e2e uses
	test/backends/elasticsearch.sh --build
	test/backends/prometheus.sh --build
	test/backends/alertmanager.sh --build
	test/backends/promtool.sh --build
	test/backends/loki.sh --build
	test/backends/kafka.sh --build
	test/backends/axe.sh --build

browser: ## the page by itself, in a real Chromium
	go test -tags browser -count=1 ./extensions/consoleextension

dashboards-schema: ## each Grafana dashboard through Grafana's own schema: what would be lost (wants Python 3)
	test/backends/grafana-schema.sh dashboards/generated/*.json

e2e: build ## the binary against real Elasticsearch, Loki, Prometheus, Kafka and Chromium
	TIDEWATCH_BINARY=$(abspath $(BINARY)) go test -tags e2e -count=1 -timeout 25m -v ./test/e2e

faults: build ## crashes, rotations, damage: what is lost and doubled; QUICK=1, SEED=7, RUN=rename
	go test -tags faults -c -o bin/faults ./test/faults
	TIDEWATCH_BINARY=$(abspath $(BINARY)) bin/faults -test.run 'TestFaults/$(RUN)' -test.parallel 6 -test.timeout 30m -seed $(or $(SEED),1) $(if $(QUICK),-quick)

bench-reader: build ## what reading files costs, against upstream (built once into the cache) and the floor
	go run ./test/bench/reader -binary $(BINARY)

bench: bench-reader ## the reader's tables, then timings of the hot code, to compare with benchstat
	go test -run '^$$' -bench . -benchmem ./...

bench-patterns bench-logchange bench-formats bench-anomaly bench-elasticsearch bench-remotewrite bench-rootcause: bench-%: build ## scores on labelled data, which TIDEWATCH_YARDSTICKS names
	test/bench/$*.sh $(BINARY)

bench-catalogue: ## the catalogue of error codes on labelled lines, and ns for a line without a code
	test/bench/catalogue.sh

bench-kafka: ## records a second through a real Kafka for five minutes, and what agent, broker and gateway cost
	go run ./test/bench/kafka

bench-loki: build ## CPU from a file to Loki, beside the floor and, with OTELCOL=binary, upstream; wants TIDEWATCH_YARDSTICKS
	test/bench/loki.sh $(BINARY)

bench-queue: ## CPU of a MB through the queue, beside upstream's storage; start and memory with a backlog of 10 GB
	go test -run '^$$' -bench Queue ./extensions/segmentstorageextension
	TIDEWATCH_BACKLOG_GB=10 go test -run '^$$' -bench Backlog -benchtime 1x -timeout 20m ./extensions/segmentstorageextension

idle: build ## what the agent costs with nothing to do: size, start, memory, CPU
	test/bench/idle.sh $(BINARY)

packages: ## static binaries, .deb, .rpm, SBOM and sums in dist/
	deploy/packages/build.sh

image: ## the container image in dist/; wants buildah
	deploy/image/build.sh

helm-test: build ## the chart: lint, schemas, goldens, configuration
	test/backends/helm.sh >/dev/null && eval "$$(test/backends/helm.sh)" && $$python deploy/helm/check.py $$helm $(abspath $(BINARY))

helm-golden: build ## rewrites deploy/helm/golden
	eval "$$(test/backends/helm.sh)" && $$python deploy/helm/check.py $$helm $(abspath $(BINARY)) --update

soak: build ## an hour of mixed load while backends come and go: what is lost, doubled, leaked; MINUTES=20, SEED=7
	go run ./test/soak -binary $(BINARY) -seed $(or $(SEED),1) $(if $(MINUTES),-seconds $$((60 * $(MINUTES))))

soak-short: build ## the same in less than a minute: the ledger, and what is given back
	go run ./test/soak -binary $(BINARY) -seed $(or $(SEED),1) -plan short

overload: build ## ten minutes of ten times that, while backends take a tenth: memory, loss, pressure; QUICK=1
	go run ./test/soak -binary $(BINARY) -seed $(or $(SEED),1) -plan overload$(if $(QUICK),-short)

run:
	go run ./cmd/agent

clean:
	rm -rf bin dist
