package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// unknownCommand returns an error that suggests a command if err is about an
// unknown one, and nil otherwise.
func unknownCommand(err error) error {
	p, ok := errors.AsType[*kong.ParseError](err)
	if ok && strings.HasPrefix(err.Error(), "expected one of ") && p.Context.Selected() != nil {
		var names []string
		for _, n := range p.Context.Selected().Children {
			names = append(names, n.Name)
		}
		return fmt.Errorf("expected one of %s", strings.Join(names, ", "))
	}
	if !ok || p.Context.Selected() != nil || len(p.Context.Args) == 0 {
		return nil
	}
	name := p.Context.Args[0]
	var names []string
	for _, n := range p.Context.Model.Children {
		if n.Name == name {
			return nil
		}
		if !n.Hidden {
			names = append(names, n.Name)
		}
	}
	if strings.HasPrefix(name, "-") {
		return nil
	}
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("unknown command %q, did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown command %q, the commands are %s", name, strings.Join(names, ", "))
}

// nearest returns the name with the fewest edits to name, at most two of them
// and fewer than name has letters. It returns "" if there is none.
func nearest(name string, names []string) (near string) {
	name = strings.ToLower(name)
	least := min(3, len(name))
	for _, n := range names {
		if d := edits(name, n); d < least {
			near, least = n, d
		}
	}
	return near
}

// edits returns the number of letters to insert, remove, replace or swap with
// the next that turns a into b.
func edits(a, b string) int {
	two, one := []int(nil), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := one[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(one[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one = one, row
	}
	return one[len(b)]
}
