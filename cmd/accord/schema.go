package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"accord/diag"
	"accord/schema"
	"accord/schema/load"
)

func schemaCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Print the JSON Schema of a kind, or the one of all kinds, for editors",
		Args:  cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return kindNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var kind schema.Kind
			if len(args) == 1 {
				if kind = schema.Kind(args[0]); !kind.Known() {
					return fmt.Errorf("there is no kind %q: %s", kind, firstSet(diag.DidYouMean(args[0], kindNames()), "see docs/language.md"))
				}
			}
			_, err := fmt.Fprintf(e.stdout, "%s\n", load.Schema(kind))
			return err
		},
	}
}

func kindNames() []string {
	out := make([]string, 0, len(schema.Kinds))
	for _, k := range schema.Kinds {
		out = append(out, string(k))
	}
	return out
}
