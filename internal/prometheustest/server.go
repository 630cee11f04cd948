// Package prometheustest runs a Prometheus server in tests, and asks it the queries
// of the dashboard in metrics/grafana.
package prometheustest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Queries returns the queries of a dashboard by the titles of their panels. A panel
// has one query.
func Queries(t *testing.T, path string) map[string]string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &dashboard)
	}
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			list[p.Title] = target.Expr
		}
	}
	if len(list) != len(dashboard.Panels) || len(list) == 0 {
		t.Fatalf("%d queries of %d panels", len(list), len(dashboard.Panels))
	}
	return list
}

// Server is a running Prometheus server.
type Server struct{ address string }

// Start starts a server that scrapes target, an address with a port, twice a
// second at path. It is stopped at the end of the test. Without Prometheus it skips
// the test.
func Start(t *testing.T, target, path string) *Server {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("no Prometheus server (Debian's package prometheus)")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Appendf(nil, `
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
- job_name: zmq
  metrics_path: %s
  static_configs: [{targets: [%q]}]
`, path, target)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{l.Addr().String()}
	l.Close()
	logs, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+s.address)
	process.Stdout, process.Stderr = logs, logs
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Signal(os.Interrupt)
		process.Wait()
		logs.Close()
		if text, err := os.ReadFile(logs.Name()); t.Failed() && err == nil {
			t.Logf("the log of Prometheus:\n%s", text)
		}
	})
	return s
}

// Await waits until the answer to each query, which have titles, has a series with a
// value other than 0. The variable $socket of a dashboard stands for every socket.
// The test fails when ctx ends before.
func (s *Server) Await(t *testing.T, ctx context.Context, queries map[string]string) {
	t.Helper()
	for title, query := range queries {
		query = strings.NewReplacer("$socket", ".*", "$__rate_interval", "10s").Replace(query)
		for {
			n, err := s.series(ctx, query)
			if n > 0 {
				break
			}
			if ctx.Err() != nil {
				t.Errorf("%s: no data for %s: %v", title, query, err)
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// series returns the number of series with a value other than 0 in the answer to a
// query.
func (s *Server) series(ctx context.Context, query string) (n int, err error) {
	request, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.address+"/api/v1/query?query="+url.QueryEscape(query), nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err // it is not ready
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct{ Result []struct{ Value [2]any } }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("status %d: %s", response.StatusCode, answer.Error)
	}
	for _, s := range answer.Data.Result {
		if v := s.Value[1]; v != "0" && v != "NaN" {
			n++
		}
	}
	return n, nil
}
