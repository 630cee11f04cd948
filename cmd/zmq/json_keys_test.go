package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// jsonKeys returns the keys of the JSON of a type, with those of objects in it after
// a dot. The keys of an object itself are those of its parts.
func jsonKeys(t reflect.Type, prefix string) (keys []string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		key, typ := prefix+name, f.Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		switch {
		case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct:
			keys = append(append(keys, key), jsonKeys(typ.Elem(), key+".")...)
		case typ.Kind() == reflect.Struct:
			keys = append(keys, jsonKeys(typ, key+".")...)
		default:
			keys = append(keys, key)
		}
	}
	return keys
}

var documentedKey = regexp.MustCompile(`(?m)^    ([a-z_]+(?:\.[a-z_]+)*)(?:  .*)?$`)

// The help of a command lists each key of its JSON, and no other.
func TestHelpListsEveryKeyOfJSON(t *testing.T) {
	for name, c := range map[string]struct {
		help   string
		output any
	}{
		"proxy":   {proxyCmd{}.Help(), proxyReport{}},
		"doctor":  {doctorCmd{}.Help(), doctorStep{}},
		"monitor": {monitorCmd{}.Help(), monitorEvent{}},
		"sniff":   {sniffCmd{}.Help(), sniffLine{}},
	} {
		_, section, _ := strings.Cut(c.help, "With --json ")
		_, section, _ = strings.Cut(section, "\n\n")
		section, _, _ = strings.Cut(section, "\n\n")
		var documented []string
		for _, m := range documentedKey.FindAllStringSubmatch(section, -1) {
			documented = append(documented, m[1])
		}
		if keys := jsonKeys(reflect.TypeOf(c.output), ""); !slices.Equal(documented, keys) {
			t.Errorf("zmq %s: the help has the keys\n%q, the output\n%q", name, documented, keys)
		}
	}
}
