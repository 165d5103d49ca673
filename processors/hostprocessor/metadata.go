package hostprocessor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tidewatch/tidewatch/signals"
)

// askCloud asks a link-local service in the ways of the large clouds, all at once, and
// takes the first that answers. Each asks in a way that the others refuse.
func askCloud(ctx context.Context, endpoint string) ([]attr, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true} // without the environment's proxy: it is link-local
	ask := asker{client: &http.Client{Transport: transport}, endpoint: strings.TrimSuffix(endpoint, "/")}
	type answer struct {
		found []attr
		err   error
	}
	ways := []func(context.Context) ([]attr, error){ask.aws, ask.gcp, ask.azure}
	answers := make(chan answer, len(ways))
	for _, way := range ways {
		go func() {
			found, err := way(ctx)
			answers <- answer{found, err}
		}()
	}
	var found []attr
	var errs []error
	for range ways { // all are waited for, so that none is left behind
		a := <-answers
		if a.err == nil && found == nil {
			found = a.found
			cancel()
		}
		errs = append(errs, a.err)
	}
	if found == nil {
		return nil, errors.Join(errs...)
	}
	return found, nil
}

type asker struct {
	client   *http.Client
	endpoint string
}

// get returns a short answer.
func (a asker) get(ctx context.Context, method, path string, header ...string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.endpoint+path, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("ask metadata: %w", err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask metadata: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ask metadata: %s answers %s", path, resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return strings.TrimSpace(string(b)), err
}

// aws speaks version 2 of the instance metadata service, with a token.
func (a asker) aws(ctx context.Context) ([]attr, error) {
	token, err := a.get(ctx, http.MethodPut, "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60")
	if err != nil {
		return nil, err
	}
	text, err := a.get(ctx, http.MethodGet, "/latest/dynamic/instance-identity/document", "X-aws-ec2-metadata-token", token)
	if err != nil {
		return nil, err
	}
	var d struct {
		Account string `json:"accountId"`
		Region  string `json:"region"`
		Zone    string `json:"availabilityZone"`
		ID      string `json:"instanceId"`
		Type    string `json:"instanceType"`
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, fmt.Errorf("parse metadata: %w", err)
	}
	return stated(attrCloudProvider, "aws", attrCloudPlatform, "aws_ec2", attrCloudRegion, d.Region, attrCloudZone, d.Zone, attrCloudAccount, d.Account, signals.AttrHostID, d.ID, attrHostType, d.Type), nil
}

func (a asker) gcp(ctx context.Context) ([]attr, error) {
	last := func(path string) (string, error) {
		text, err := a.get(ctx, http.MethodGet, "/computeMetadata/v1/"+path, "Metadata-Flavor", "Google")
		return text[strings.LastIndexByte(text, '/')+1:], err // projects/1/zones/europe-west1-b
	}
	zone, err := last("instance/zone")
	if err != nil {
		return nil, err
	}
	project, err1 := last("project/project-id")
	id, err2 := last("instance/id")
	typ, err3 := last("instance/machine-type")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	region := zone[:max(strings.LastIndexByte(zone, '-'), 0)]
	return stated(attrCloudProvider, "gcp", attrCloudPlatform, "gcp_compute_engine", attrCloudRegion, region, attrCloudZone, zone, attrCloudAccount, project, signals.AttrHostID, id, attrHostType, typ), nil
}

func (a asker) azure(ctx context.Context) ([]attr, error) {
	text, err := a.get(ctx, http.MethodGet, "/metadata/instance/compute?api-version=2021-02-01&format=json", "Metadata", "true")
	if err != nil {
		return nil, err
	}
	var d struct {
		Location     string `json:"location"`
		Zone         string `json:"zone"`
		Subscription string `json:"subscriptionId"`
		ID           string `json:"vmId"`
		Size         string `json:"vmSize"`
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, fmt.Errorf("parse metadata: %w", err)
	}
	return stated(attrCloudProvider, "azure", attrCloudPlatform, "azure.vm", attrCloudRegion, d.Location, attrCloudZone, d.Zone, attrCloudAccount, d.Subscription, signals.AttrHostID, d.ID, attrHostType, d.Size), nil
}

// stated are the pairs that have a value.
func stated(pairs ...string) []attr {
	var found []attr
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			found = append(found, attr{pairs[i], pairs[i+1]})
		}
	}
	return found
}
