//go:build !go1.20

package main

import "strings"

// Go 1.19 has no errors.Join.
type joined []error

func (j joined) Error() string {
	texts := []string{}
	for _, err := range j {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "\n")
}

func join(errs ...error) error { return joined(errs) }
