package main

import (
	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
)

func graphCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Draw organizations, connections and workflows",
		Args:  cobra.NoArgs,
	}
	formatFlag(cmd, &format, "mermaid", "dot", "svg")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := e.atOnce(cmd.Context())
		defer stop()
		p, err := e.load(ctx)
		if err != nil {
			return err
		}
		switch format {
		case "dot":
			return view.GraphDot(e.stdout, p.graph)
		case "svg":
			return view.GraphSVG(e.stdout, p.graph)
		}
		return view.GraphMermaid(e.stdout, p.graph)
	}
	return cmd
}
