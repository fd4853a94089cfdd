using System.CommandLine;
using System.CommandLine.Help;
using ResNetMLNet.Sample;
using ResNetMLNet.Sample.Commands;

var root = new RootCommand("ResNets in ML.NET: trains, evaluates and applies a residual network. Without a command it trains.");
foreach (var verb in Verbs.Create())
{
    root.Add(verb);
}

root.Options.OfType<HelpOption>().Single().Action = new HelpText();

// No verb is train. A directive in brackets is a shell's, which asks what could be typed.
var verbs = root.Subcommands.Select(command => command.Name).Concat(["--help", "-h", "-?", "--version"]).ToHashSet();
var hasVerb = args.Length > 0 && (verbs.Contains(args[0]) || !args[0].StartsWith('-'));
using var encoding = new ConsoleEncoding();
return Exit.Run(root, hasVerb ? args : ["train", .. args]);
