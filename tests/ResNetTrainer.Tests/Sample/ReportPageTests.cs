using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Sample.Reporting.Charts;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>The page of a report, read by an HTML parser.</summary>
[TestClass]
public class ReportPageTests
{
    [TestMethod]
    public void A_report_is_a_sound_page_with_language_title_and_sections()
    {
        var page = Parse(SampleReport.Whole());

        Assert.AreEqual("en", page.DocumentElement.GetAttribute("lang"));
        Assert.AreEqual("Report", page.Title);
        CollectionAssert.AreEqual(
            (string[])
            [
                "Settings", "Device", "Data", "Speed and memory", "Curves", "Confusion matrix", "Classes", "Calibration",
                "Accuracy against coverage", "The surest mistakes", "Predictions", "What the network looked at", "What it was trained on",
            ],
            page.QuerySelectorAll("h2").Select(heading => heading.TextContent).ToArray());
        Assert.HasCount(1, page.QuerySelectorAll("h1"));
        Assert.HasCount(1, page.QuerySelectorAll("main"));
        Assert.HasCount(
            0, page.All.Where(element => !string.IsNullOrEmpty(element.Id)).GroupBy(element => element.Id).Where(ids => ids.Count() > 1));
    }

    [TestMethod]
    public void Nothing_outside_the_file_is_asked_for()
    {
        var page = Parse(SampleReport.Whole());

        foreach (var element in page.All)
        {
            foreach (var attribute in element.Attributes.Where(each => each.LocalName is "src" or "href" or "srcset" or "data" or "action"))
            {
                StringAssert.StartsWith(attribute.Value, "data:");
            }
        }

        Assert.IsEmpty(page.QuerySelectorAll("script, iframe, object, embed, base, form, meta[http-equiv]"));
        Assert.DoesNotContain("http", ReportFile.Render(SampleReport.Whole()));
        var css = page.QuerySelectorAll("style").Single().TextContent;
        Assert.DoesNotContain("url(", css);
        Assert.DoesNotContain("@import", css);
    }

    [TestMethod]
    public void Names_of_classes_are_text_whatever_is_in_them()
    {
        var names = SampleReport.HostileNames;
        var page = Parse(SampleReport.Whole(names));
        var usual = Parse(SampleReport.Whole(["one", "two", "three", "four"]));

        CollectionAssert.AreEqual(
            usual.All.Select(element => element.LocalName).ToArray(), page.All.Select(element => element.LocalName).ToArray());
        Assert.IsEmpty(page.QuerySelectorAll("script, [onmouseover], [onerror]"));
        var heads = page.QuerySelectorAll(".confusion tbody th").Select(head => head.TextContent).ToArray();
        CollectionAssert.AreEqual(names[..3], heads[..3]);
        Assert.AreEqual("a?b?[31m c\ufffd", heads[3]);
    }

    [TestMethod]
    public void Charts_of_hostile_names_are_drawn() => PngChart.Write(
        new MemoryStream(),
        ConfusionChart.Create(SampleReport.Whole(SampleReport.HostileNames).Test!.Evaluation),
        SampleReport.HostileNames);

    [TestMethod]
    public void Names_that_no_font_can_draw_are_told_from_others()
    {
        Assert.AreEqual(PngChart.HasText, PngChart.CanDraw(["cat", "dog"]));
        Assert.IsFalse(PngChart.CanDraw(["cat", "\U0010FFFD"]));
    }

    [TestMethod]
    public void Tables_have_the_numbers_that_one_computes_by_hand()
    {
        // Truth and prediction of five images: 0-0, 0-1, 1-1, 2-0, 2-2.
        var page = Parse(SampleReport.Whole());

        CollectionAssert.AreEqual(
            (string[])["one 1 1 0", "two 0 1 0", "three 1 0 1"], Rows(page, "Test images by true and predicted class"));
        CollectionAssert.AreEqual(
            (string[])["one two 1 50.0\u00a0%", "three one 1 50.0\u00a0%"], Rows(page, "Most frequent confusions"));
        CollectionAssert.AreEqual(
            (string[])["one 2 0.500 0.500 0.500", "two 1 0.500 1.000 0.667", "three 2 1.000 0.500 0.667"],
            Rows(page, "Precision, recall and F1 by class"));
        CollectionAssert.AreEqual(
            (string[])["1 1.250 0.625 1.125 0.375 440 2.0", "2 0.500 0.625 1.125 0.375 440 2.0"], Rows(page, "Epochs"));

        // 0.4: wrong; 0.6: right; 0.9: right; 0.95 (wrong) and 0.99 (right) in one bin.
        var error = (0.4 + 0.4 + 0.1 + (2 * (0.97 - 0.5))) / 5;
        Assert.AreEqual(error.ToString("0.000"), page.QuerySelectorAll("dd").ElementAt(4).TextContent);
        StringAssert.Contains(string.Join("; ", Rows(page, "Accuracy by probability")), "0.93 to 1.00 2 0.970 0.500");
        StringAssert.Contains(
            string.Join("; ", Rows(page, "Decided only from this probability on")), "0.5 80.0\u00a0% 75.0\u00a0%");
        CollectionAssert.AreEqual(
            (string[])["60.0\u00a0%", "25.0\u00a0%", "0.611", "1.500", error.ToString("0.000")],
            page.QuerySelectorAll(".key-figures dd").Select(figure => figure.TextContent).ToArray());
    }

    [TestMethod]
    public void Where_there_is_no_number_a_dash_stands_and_never_NaN()
    {
        var scored = SampleReport.Scored(["a", "never there", "never predicted"], (0, 0, 1), (2, 1, 0.5f));
        var report = SampleReport.Whole() with
        {
            Epochs = [SampleReport.Epoch(1, double.NaN) with { ValidationLoss = null, ValidationAccuracy = null }],
            Test = TestReport.Of(scored),
        };

        var page = Parse(report);

        CollectionAssert.AreEqual(
            (string[])["a 1 1.000 1.000 1.000", "never there 0 0.000 – 0.000", "never predicted 1 – 0.000 0.000"],
            Rows(page, "Precision, recall and F1 by class"));
        CollectionAssert.AreEqual((string[])["1 no number 0.625 – – 440 2.0"], Rows(page, "Epochs"));
        Assert.DoesNotContain("NaN", page.DocumentElement.TextContent);
        Assert.DoesNotContain("NaN", string.Concat(page.QuerySelectorAll("svg").Select(svg => svg.OuterHtml)));
    }

    [TestMethod]
    public void What_is_drawn_has_words()
    {
        var page = Parse(SampleReport.Whole());

        foreach (var image in page.Images)
        {
            Assert.IsFalse(string.IsNullOrWhiteSpace(image.AlternativeText), image.OuterHtml);
            Assert.IsNotNull(image.Closest("figure")!.QuerySelector("figcaption"));
        }

        foreach (var chart in page.QuerySelectorAll("svg"))
        {
            Assert.AreEqual("img", chart.GetAttribute("role"));
            Assert.IsFalse(string.IsNullOrWhiteSpace(chart.GetAttribute("aria-label")));
            Assert.IsNotNull(chart.Closest("figure")!.QuerySelector("figcaption"));
        }

        Assert.HasCount(3, page.QuerySelectorAll("svg"));
        foreach (var table in page.QuerySelectorAll("table"))
        {
            Assert.IsNotNull(table.QuerySelector("caption"));
            Assert.IsTrue(table.QuerySelectorAll("th").All(head => head.GetAttribute("scope") is "col" or "row"));
            Assert.IsTrue(table.QuerySelectorAll("tbody tr").All(row => row.FirstElementChild!.LocalName == "th"));
        }
    }

    [TestMethod]
    public void A_mistake_is_told_from_a_right_prediction_by_words()
    {
        var captions = Parse(SampleReport.Whole()).QuerySelectorAll(".images figcaption").Select(each => each.TextContent.Trim()).ToArray();

        Assert.AreEqual("✗ two 95.0\u00a0%is one", captions[0]);
        CollectionAssert.Contains(captions, "✓ two 60.0\u00a0%");
    }

    [TestMethod]
    public void The_test_loss_is_drawn_where_there_is_one()
    {
        var epoch = SampleReport.Epoch(1, 0.5);

        CollectionAssert.AreEqual((string[])["train loss", "test loss", "train acc", "test acc"], Lines(epoch));
        CollectionAssert.AreEqual((string[])["train loss", "train acc", "test acc"], Lines(epoch with { ValidationLoss = null }));

        static string[] Lines(EpochMetrics epoch) => [.. CurvesChart.Create([epoch]).Series.Select(line => line.Title)];
    }

    [TestMethod]
    public void A_report_of_nothing_but_settings_is_a_page_too()
    {
        var page = Parse(SampleReport.Empty());

        StringAssert.Contains(page.Body!.TextContent, "cancelled");
        Assert.HasCount(4, page.QuerySelectorAll("h2"));
    }

    [TestMethod]
    public void What_the_network_looked_at_is_left_out_where_nobody_knows()
    {
        var report = SampleReport.Whole();
        var unexplained = report.Test! with { Mistakes = [], Predictions = [report.Test.Predictions[0]] };

        Assert.DoesNotContain("looked at", Parse(report with { Test = unexplained }).Body!.TextContent);
    }

    [TestMethod]
    public void One_report_is_one_text() =>
        Assert.AreEqual(ReportFile.Render(SampleReport.Whole()), ReportFile.Render(SampleReport.Whole()));

    [TestMethod]
    public void A_thousand_classes_and_images_of_noise_are_no_large_file()
    {
        var names = Enumerable.Range(0, 1000).Select(index => $"a class with quite a long name, {index}").ToArray();
        var scored = SampleReport.Scored(
            names, [.. Enumerable.Range(0, 10_000).Select(index => (index % 1000, index % 999, 0.5f))]);
        var noise = SampleReport.Image(Thumbnail.Largest);
        var shown = Enumerable.Range(0, ReportBuilder.GridImages)
            .Select(index => new ShownImage(index, noise, names[0], names[1], 1) { HeatMap = noise }).ToArray();
        var others = shown.Select(image => image with { Position = image.Position + 100 }).ToArray();
        var report = SampleReport.Whole() with
        {
            Epochs = [.. Enumerable.Range(1, 100).Select(epoch => SampleReport.Epoch(epoch, 1.0 / epoch))],
            TrainingImages = shown,
            Test = TestReport.Of(scored) with { Mistakes = shown, Predictions = others },
        };

        var html = ReportFile.Render(report);

        Assert.IsLessThan(2_000_000, html.Length);
        Assert.HasCount(200, Rows(Parse(html), "Precision, recall and F1 by class"));
        using var chart = new MemoryStream();
        PngChart.Write(chart, ConfusionChart.Create(scored.Evaluation), scored.Evaluation.Classes, 900, 900);
        Assert.IsLessThan(1_000_000, chart.Length);
    }

    private static IHtmlDocument Parse(Report report) => Parse(ReportFile.Render(report));

    // Strict: what is no sound HTML is an error.
    private static IHtmlDocument Parse(string html) => new HtmlParser(new() { IsStrictMode = true }).ParseDocument(html);

    private static string[] Rows(IHtmlDocument page, string caption) =>
    [
        .. page.QuerySelectorAll("table").Single(table => table.QuerySelector("caption")!.TextContent == caption)
            .QuerySelectorAll("tbody tr")
            .Select(row => string.Join(' ', row.Children.Select(cell => cell.TextContent))),
    ];
}
