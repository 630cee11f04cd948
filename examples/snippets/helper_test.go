package snippets_test

// must returns v, and panics if there is an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// check panics if there is an error.
func check(err error) {
	if err != nil {
		panic(err)
	}
}
