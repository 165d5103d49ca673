package lokiexporter

import (
	"encoding/base64"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/secretfile"
)

// tenantHeader names the tenant to Loki.
const tenantHeader = "X-Scope-OrgID"

// newHeader returns what makes the headers of a push for a tenant, empty for the
// configured one.
func newHeader(cfg *Config, build component.BuildInfo) func(tenant string) (http.Header, error) {
	fixed := http.Header{
		"Content-Type": {"application/x-protobuf"}, // snappy is implied, Content-Encoding must be absent
		"User-Agent":   {build.Command + "/" + build.Version},
	}
	if cfg.TenantID != "" {
		fixed.Set(tenantHeader, cfg.TenantID)
	}
	for name, value := range cfg.ClientConfig.Headers.Iter {
		fixed.Set(name, string(value))
	}
	password := secretfile.New(string(cfg.Password), cfg.PasswordFile)
	bearer := secretfile.New(string(cfg.BearerToken), cfg.BearerTokenFile)
	return func(tenant string) (http.Header, error) {
		h := fixed.Clone()
		if tenant != "" {
			h.Set(tenantHeader, tenant)
		}
		if cfg.User != "" {
			secret, err := password.Read()
			if err != nil {
				return nil, fmt.Errorf("password_file: %w", err)
			}
			h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(cfg.User+":"+secret)))
		}
		if cfg.BearerToken != "" || cfg.BearerTokenFile != "" {
			secret, err := bearer.Read()
			if err != nil {
				return nil, fmt.Errorf("bearer_token_file: %w", err)
			}
			h.Set("Authorization", "Bearer "+secret)
		}
		return h, nil
	}
}
