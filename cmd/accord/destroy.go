package main

import "github.com/spf13/cobra"

func destroyCommand(e *env) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Plan and apply the removal of everything",
		Long: `Removes everything that was applied. Records stay in their accounts, and so do the
accounts themselves: accord no longer looks after them. Where a resource is
protected by lifecycle.preventDestroy nothing is removed; --exclude leaves it,
and what it needs, as it is.`,
		Args: cobra.NoArgs,
	}
	applyFlags(cmd, &o)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Destroy = true
		return e.apply(cmd.Context(), o, nil)
	}
	return cmd
}
