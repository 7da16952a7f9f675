// Generate writes the repository of a large agency below a folder, to try accord
// with:
//
//	go run ./examples/generate/cmd -n 10000 -out DIR
//	go run ./cmd/accord -C DIR plan
package main

import (
	"flag"
	"fmt"
	"os"

	"accord/examples/generate"
)

func main() {
	var o generate.Options
	flag.IntVar(&o.Resources, "n", 10_000, "number of `resources`")
	flag.Uint64Var(&o.Seed, "seed", 1, "what varies the names and numbers")
	flag.Float64Var(&o.Changed, "changed", 0, "`share` of the resources that differ, from 0 to 1")
	out := flag.String("out", "", "`folder` to write, made where there is none (required)")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := generate.Write(*out, o); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}
