package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// unknownCommand returns an error for a command line whose command there is none
// of, or nil if that is not what is wrong with it.
func unknownCommand(err error) error {
	p, ok := errors.AsType[*kong.ParseError](err)
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

// nearest is the first of the names that a typing mistake or two turn into
// name, those with the fewest mistakes first. It is empty if there is none.
func nearest(name string, names []string) (near string) {
	name = strings.ToLower(name)
	least := min(3, len(name)) // mistakes that are too many
	for _, n := range names {
		if d := edits(name, n); d < least {
			near, least = n, d
		}
	}
	return near
}

// edits is the number of letters to insert, remove or replace that turn a into
// b, where two neighbours in the wrong order count as one.
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
