package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// NodeModules is where npm's zeromq is, or should be.
func NodeModules() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "zerobroker-zmq", "zeromq-6.8.0")
}

// NoNode is why there is no libzmq in JavaScript, or empty.
var NoNode = sync.OnceValue(func() string {
	load := fmt.Sprintf("require('module').createRequire(%q)('zeromq')", NodeModules()+"/")
	out, err := exec.Command("node", "-e", load).CombinedOutput()
	if err == nil {
		return ""
	}
	text, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(fmt.Sprintf("no zeromq of npm in %s (.ci/deps installs it): %v %s", NodeModules(), err, text))
})
