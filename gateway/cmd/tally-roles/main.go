package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tally-roles:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("name the API's document and the page to write")
	}
	document, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("the API's document: %w", err)
	}
	page, err := render(document)
	if err != nil {
		return err
	}
	return os.WriteFile(args[1], page, 0o644) //nolint:gosec // A page of the documentation is for everybody.
}
