//go:build go1.20

package main

import "errors"

func join(errs ...error) error { return errors.Join(errs...) }
