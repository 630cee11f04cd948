package main

import (
	"os"
	"path/filepath"
)

// transfer tests a program that transfers a file.
func transfer(name string, chunks string) func(s *stage) {
	return func(s *stage) {
		s.want(s.start(name, "-endpoint", s.inproc("zeros")).wait(), chunks+" chunks received, 10000000 bytes\n")
		file := filepath.Join(s.TempDir(), "file")
		must(os.WriteFile(file, make([]byte, 600001), 0o600))
		s.want(s.start(name, "-endpoint", s.inproc("file"), "-file", file).wait(), "[34] chunks received, 600001 bytes\n")
		missing := s.start(name, "-endpoint", s.inproc("missing"), "-file", file+"x")
		<-missing.ended
		if !os.IsNotExist(missing.err) {
			s.Errorf("%s of a file that does not exist: %v", name, missing.err)
		}
	}
}

var chapter7 = []scenario{
	{"fileio1", transfer("fileio1", "41")}, // with an empty one
	{"fileio2", transfer("fileio2", "41")},
	{"fileio3", transfer("fileio3", "41")},
}
