// Package snippets has the short programs of the guide that are no commands of their own, as
// examples with checked output.
package snippets
