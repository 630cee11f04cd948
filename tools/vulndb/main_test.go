package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCheckSaysWhyTheDatabaseCannotBeRead(t *testing.T) {
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/db/index/db.json":
		case "/slow/index/db.json":
			<-end
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	defer close(end)
	closed := httptest.NewServer(nil)
	closed.Close()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "index"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "index", "db.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		db    string
		limit time.Duration
		want  string // empty: no error
	}{
		{server.URL + "/db", time.Minute, ""},
		{server.URL + "/db/", time.Minute, ""},
		{server.URL + "/other", time.Minute, "answers 404"},
		{server.URL + "/slow", 10 * time.Millisecond, "does not answer within 10ms"},
		{closed.URL, time.Minute, "connection refused"},
		{"file://" + filepath.ToSlash(dir), time.Minute, ""},
		{"file://" + filepath.ToSlash(dir) + "/other", time.Minute, "no such file"},
		{"://", time.Minute, "missing protocol scheme"},
	} {
		err := check(tt.db, tt.limit)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: error %v, want %q", tt.db, err, tt.want)
		}
	}
}
