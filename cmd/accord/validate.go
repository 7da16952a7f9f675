package main

import (
	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
)

func validateCommand(e *env) *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration against its schema and every rule",
		Long: `Checks every file of the project against the schema of its kinds and against
every rule, and reports all findings in one run. It opens no state and no
network, and needs no credentials.`,
		Args: cobra.NoArgs,
	}
	formatFlag(cmd, &format, "text", "json", "sarif", "github", "junit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := e.atOnce(cmd.Context())
		defer stop()
		p, err := e.load(ctx)
		if err != nil {
			return err
		}
		if err := view.Findings(e.stdout, p.findings, view.FindingsOptions{
			Format: format, Style: e.style(e.stdout), Line: p.loaded.Line, Version: version(),
		}); err != nil {
			return err
		}
		return quiet(p.errorCode())
	}
	return cmd
}

// errorCode is the exit code for the findings: 1 where one is an error.
func (p *project) errorCode() int {
	if p.findings.HasErrors() {
		return exitError
	}
	return exitOK
}
