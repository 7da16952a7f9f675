package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// formatFlag declares --format with its words, the first being the default.
func formatFlag(cmd *cobra.Command, format *string, words ...string) {
	choiceFlag(cmd, format, "format", "`FORMAT` of the output", words...)
}

// choiceFlag declares a flag that takes one of a few words, the first being the
// default.
func choiceFlag(cmd *cobra.Command, value *string, name, usage string, words ...string) {
	*value = words[0]
	optionFlag(cmd, value, name, usage, words...)
}

// optionFlag declares a flag that takes one of a few words, or is left out.
func optionFlag(cmd *cobra.Command, value *string, name, usage string, words ...string) {
	cmd.Flags().Var(&choice{value, words}, name, usage+": "+strings.Join(words, ", "))
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that does not exist
}

// choice is a flag's value out of a few words.
type choice struct {
	value *string
	words []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "FORMAT" }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("it takes %s", strings.Join(c.words, ", "))
	}
	*c.value = s
	return nil
}

// noSuchCommand refuses arguments of a command that has only subcommands, and
// suggests the one that was meant.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	err := fmt.Errorf("%s has no command %q%s", cmd.CommandPath(), args[0], suggestion(args[0], names))
	return &usageError{err, cmd.CommandPath()}
}
