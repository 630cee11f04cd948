package main

import (
	"reflect"
	"strings"
)

// grammar returns the part of the command line's grammar that kong needs for
// args: the command that the first argument names, or all commands if it names
// none. Kong processes each flag of each command before it parses, which takes
// longer than everything else in a short command.
func grammar(args []string) any {
	all := reflect.TypeFor[cli]()
	if len(args) == 0 {
		return new(cli)
	}
	var fields []reflect.StructField
	found := false
	for i := range all.NumField() {
		f := all.Field(i)
		if _, isCommand := f.Tag.Lookup("cmd"); !isCommand {
			fields = append(fields, f)
		} else if commandField(f) == args[0] {
			fields = append(fields, f)
			found = true
		}
	}
	if !found {
		return new(cli)
	}
	return reflect.New(reflect.StructOf(fields)).Interface()
}

// commandField returns the name of the command that a field of cli describes.
func commandField(f reflect.StructField) string {
	if name := f.Tag.Get("name"); name != "" {
		return name
	}
	return strings.ToLower(f.Name)
}
