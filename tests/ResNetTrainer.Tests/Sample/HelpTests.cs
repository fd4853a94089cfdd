using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ResNetMLNet.Sample.Commands;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What somebody reads who does not know what to type, or has typed something wrong.</summary>
[TestClass]
public sealed class HelpTests
{
    private static readonly IReadOnlyList<Command> _verbs = Verbs.Create();

    [TestMethod]
    [DataRow(60)]
    [DataRow(80)]
    [DataRow(120)]
    public void Help_of_each_verb_shows_all_its_options_in_groups_and_examples_and_fits(int width)
    {
        foreach (var verb in _verbs.Cast<Verb>())
        {
            var output = new StringWriter();
            HelpText.Write(output, verb, width);
            var lines = output.ToString().ReplaceLineEndings("\n").Split('\n').TakeWhile(line => line != "Examples").ToArray();

            Assert.IsTrue(lines.All(line => line.Length <= width), $"{verb.Name}: {lines.MaxBy(line => line.Length)}");
            foreach (var option in verb.Options)
            {
                Assert.HasCount(1, lines.Where(line => line.StartsWith($"  {option.Name}", StringComparison.Ordinal)
                    && line[(2 + option.Name.Length)..] is "" or [' ', ..]), option.Name);
            }

            Assert.AreEqual(verb.Options.Count, verb.Groups.Sum(group => group.Options.Length));
            Assert.IsNotEmpty(verb.Examples);
            foreach (var example in verb.Examples)
            {
                StringAssert.Contains(output.ToString(), $"  resnet {example}");
            }
        }
    }

    [TestMethod]
    public void What_the_documents_show_is_what_it_says()
    {
        // scripts/terminal_captures.sh writes them.
        foreach (var verb in _verbs)
        {
            var file = Path.Combine(Folder(), "..", "..", "..", "docs", "terminal", $"help-{verb.Name}.txt");

            Assert.AreEqual(
                File.ReadAllText(file).ReplaceLineEndings(),
                SampleProcess.RunHere([verb.Name, "--help"]).Output.ReplaceLineEndings(),
                verb.Name);
        }
    }

    [TestMethod]
    public void Examples_are_right()
    {
        foreach (var example in _verbs.Cast<Verb>().SelectMany(verb => verb.Examples))
        {
            // What is behind >> is the shell's.
            var run = new RootCommand();
            foreach (var verb in _verbs)
            {
                run.Add(verb);
            }

            Assert.IsEmpty(run.Parse(Regex.Split(example, " >> | \\| ")[0]).Errors, example);
        }
    }

    [TestMethod]
    [DataRow("train")]
    [DataRow("predict")]
    [DataRow("")]
    public void Help_goes_to_standard_output(string verb)
    {
        var run = SampleProcess.RunHere([.. (string[])(verb == "" ? [] : [verb]), "--help"]);

        Assert.AreEqual(0, run.Status);
        Assert.AreEqual("", run.Error);
        StringAssert.Contains(run.Output, $"Usage: resnet {verb}".TrimEnd());
        StringAssert.Contains(run.Output, "Examples");
    }

    [TestMethod]
    [DataRow("trian", "'trian'", "train")]
    [DataRow("train --epoch 3", "--epoch", "--epochs")]
    [DataRow("train --epochs many", "--epochs", "many", "number")]
    [DataRow("train --learning-rate fast", "--learning-rate", "fast", "number")]
    [DataRow("train --learning-rate 0,05", "--learning-rate", "0,05", "number")]
    [DataRow("train --learning-rate 0", "--learning-rate", "positive")]
    [DataRow("train --learning-rate NaN", "--learning-rate", "positive")]
    [DataRow("train --epochs 0", "--epochs", "at least 1")]
    [DataRow("train --epochs 1e1", "--epochs", "whole number")]
    [DataRow("train --batch-size 1", "--batch-size", "at least 2")]
    [DataRow("train --image-size 5000", "--image-size", "between 1 and 4096")]
    [DataRow("train --threads 0", "--threads", "between 1 and 1024")]
    [DataRow("train --recipe quick", "--recipe", "quick", "fast", "best", "book")]
    [DataRow("train --precision double", "--precision", "double", "bfloat16")]
    [DataRow("train --architecture resnet19", "resnet19", "resnet18", "resnet20")]
    [DataRow("train --device gpu", "--device", "gpu", "cuda")]
    [DataRow("train --resume", "--resume", "--checkpoint DIR")]
    [DataRow("train --data a --images b", "--data", "--images")]
    [DataRow("train --pretrained --weights a.pth", "--pretrained", "--weights")]
    [DataRow("train --images", "--images")]
    [DataRow("train flowers", "'flowers'")]
    [DataRow("predict --model model.zip", "predict", "file")]
    [DataRow("predict --top 0 cat.jpg", "--top", "at least 1")]
    [DataRow("predict --reject-below 1 cat.jpg", "--reject-below is '1'", "between 0 and 1")]
    [DataRow("predict --reject-below NaN cat.jpg", "--reject-below is 'NaN'", "between 0 and 1")]
    [DataRow("evaluate --reject-below 0,5", "--reject-below is '0,5'", "number")]
    [DataRow("evaluate --held-out", "--held-out needs --images DIR")]
    [DataRow("evaluate --held-out --data a", "--held-out needs --images DIR")]
    [DataRow("evaluate --model", "argument missing for option: '--model'")]
    [DataRow("evaluate --report", "argument missing for option: '--report'")]
    [DataRow("export --onnx", "argument missing for option: '--onnx'")]
    [DataRow("train --start-from", "argument missing for option: '--start-from'")]
    [DataRow("train --test-images", "argument missing for option: '--test-images'")]
    [DataRow("summary --image-size", "argument missing for option: '--image-size'")]
    [DataRow("train --checkpoint --resume", "--checkpoint needs a value before --resume")]
    [DataRow("evaluate --model a.zip --jsn", "--jsn", "--json")]
    [DataRow("export --model model.zip", "--onnx FILE", "--safetensors FILE")]
    [DataRow("export --safetensors weights --onnx-bytes", "--onnx-bytes needs --onnx FILE")]
    [DataRow("export --safetensors weights --onnx-resize", "--onnx-resize needs --onnx FILE")]
    [DataRow("explain --model model.zip cat.jpg", "--out", "required")]
    [DataRow("summary --image-size 0", "--image-size", "between")]
    [DataRow("completion fish", "fish", "bash", "zsh", "pwsh")]
    public void What_is_typed_wrong_is_named_with_what_to_type(string line, params string[] words)
    {
        var run = SampleProcess.RunHere(line.Split(' '));

        Assert.AreEqual(2, run.Status, run.Error);
        Assert.AreEqual("", run.Output);
        foreach (var word in words)
        {
            StringAssert.Contains(run.Error, word);
        }

        Assert.DoesNotContain("System.", run.Error);
        StringAssert.Contains(run.Error, "--help");
    }

    [TestMethod]
    [DataRow("bash", "complete -o default -F _resnet resnet")]
    [DataRow("zsh", "compdef _resnet resnet")]
    [DataRow("pwsh", "Register-ArgumentCompleter")]
    public void A_shell_gets_a_script_and_the_program_says_what_could_be_typed(string shell, string words)
    {
        StringAssert.Contains(SampleProcess.RunHere(["completion", shell]).Output, words);
        const string Line = "resnet train --im";
        var found = SampleProcess.RunHere([$"[suggest:{Line.Length}]", Line]);

        Assert.AreEqual(0, found.Status, found.Error);
        CollectionAssert.AreEquivalent((string[])["--image-size", "--images"], found.OutputLines);
    }

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
