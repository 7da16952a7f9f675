package main

import (
	"os"

	"github.com/spf13/cobra"

	"accord/plan"
)

func showCommand(e *env) *cobra.Command {
	var (
		format  string
		concise bool
	)
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show a saved plan",
		Args:  cobra.ExactArgs(1),
	}
	formatFlag(cmd, &format, "text", "json", "markdown", "github", "gitlab")
	cmd.Flags().BoolVar(&concise, "concise", false, "a line for each change")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		pl, err := e.readPlan(args[0])
		if err != nil {
			return err
		}
		return showPlan(e, e.stdout, pl, format, concise, func(string, int) string { return "" })
	}
	return cmd
}

func (e *env) readPlan(name string) (*plan.Plan, error) {
	f, err := os.Open(e.path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pl, err := plan.Read(f)
	if err != nil {
		return nil, &fileError{name, err}
	}
	return pl, nil
}

// fileError names the file that an error is about.
type fileError struct {
	name string
	err  error
}

func (e *fileError) Error() string { return e.name + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }
