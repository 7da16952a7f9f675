package main

import "github.com/spf13/cobra"

func destroyCommand(e *env) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Plan and apply the removal of everything",
		Long: `Removes everything that was applied, protected resources excepted. Records stay
in their accounts, and so do the accounts themselves: accord no longer looks
after them.`,
		Args: cobra.NoArgs,
	}
	applyFlags(cmd, &o)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Destroy = true
		return e.apply(cmd.Context(), o, nil)
	}
	return cmd
}
