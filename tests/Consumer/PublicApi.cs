using Microsoft.ML;
using Microsoft.ML.Trainers;
using ResNetMLNet;

namespace Consumer;

/// <summary>Every public member of the library, used as a program would: this must compile, so no internal type may leak.</summary>
public static class PublicApi
{
    /// <summary>Not called; it is there to be compiled.</summary>
    public static void Use(MLContext ml, IDataView data)
    {
        IDataView idx = ml.Data.LoadFromIdx("images", "labels", ["a", "b"]);
        IDataView folder = ml.Data.LoadFromImageFolder("folder", classNames: ["a", "b"]);
        IDataView byClass = ml.Data.TrainTestSplitByClass(folder, testFraction: 0.2, labelColumnName: "Label", seed: 1).TestSet;
        ResNetArchitecture architecture = ResNetArchitecture.All[0] with
        {
            Name = "own",
            Block = ResNetBlock.Bottleneck,
            Skip = ResNetSkip.NormalizedConvolution,
            Depths = new StageDepths(1, 1, 1, 1),
            Stem = ResNetStem.Small,
            PreActivation = true,
            Width = 8,
            WidthFactor = 2,
            Groups = 4,
        };
        ResNetArchitecture[] family =
        [
            ResNetArchitecture.ResNet18, ResNetArchitecture.ResNet34, ResNetArchitecture.ResNet50, ResNetArchitecture.ResNet101,
            ResNetArchitecture.ResNet152,
            ResNetArchitecture.WideResNet50, ResNetArchitecture.ResNeXt50, ResNetArchitecture.BookResNet18,
            ResNetArchitecture.PreActivationResNet18,
            ResNetArchitecture.PreActivationResNet50, ResNetArchitecture.SmallImageResNet18,
            ResNetArchitecture.NarrowResNet18, ResNetArchitecture.HalfResNet18,
            ResNetArchitecture.DefaultFor(imageSize: 32, recipe: TrainingRecipe.Fast), ResNetArchitecture.ResNet20,
            ResNetArchitecture.ResNet32,
            ResNetArchitecture.ResNet44, ResNetArchitecture.ResNet56, ResNetArchitecture.ResNet110,
        ];
        ResNetSummary summary = architecture.Summarize(1, architecture.MinimumImageSize, 10);
        IReadOnlyList<ResNetSummary.Layer> layers = summary.Layers;
        Func<ResNetModel, ResNetSummary> ofModel = ResNetSummaries.Summarize;
        var options = new ResNetTrainer.Options
        {
            LabelColumnName = "Label",
            FeatureColumnName = "Features",
            ScoreColumnName = "Score",
            PredictedLabelColumnName = "PredictedLabel",
            Device = ComputeDevice.Auto,
            ImageChannels = 1,
            MaximumImagePixels = 200_000_000,
            UnreadableImages = UnreadableImages.Skip,
            Architecture = architecture,
            ImageSize = 32,
            ResizeMode = ResizeMode.Pad,
            TestTimeAugmentation = TestTimeAugmentation.FlipAndShift,
            Augmentation = Augmentation.Flip | Augmentation.Shift | Augmentation.Erase | Augmentation.Crop | Augmentation.RandomErasing
                | Augmentation.RandomResizedCrop | Augmentation.Mixup | Augmentation.VerticalFlip | Augmentation.Rotation
                | Augmentation.ColorJitter | Augmentation.CutMix,
            SmallestCrop = 0.3,
            LargestRotation = 180,
            Recipe = TrainingRecipe.Book,
            NumberOfEpochs = 1,
            BatchSize = 2,
            LearningRate = 0.1,
            LabelSmoothing = 0.05,
            Precision = ComputePrecision.Float32,
            ValidationSet = data,
            Distributed = DistributedTraining.Auto,
            SynchronizedNormalization = false,
            GradientCompression = GradientCompression.None,
            ProgressCallback = (TrainingProgress progress) => Console.WriteLine(
                $"{progress.Phase} {progress.Images}/{progress.NumberOfImages} {progress.Epoch}/{progress.NumberOfEpochs}"),
            EpochCallback = (EpochMetrics epoch) => Console.WriteLine(
                $"{epoch.Epoch} {epoch.NumberOfEpochs} {epoch.TrainLoss} {epoch.TrainAccuracy} {epoch.ValidationLoss} "
                + $"{epoch.ValidationAccuracy} {epoch.LearningRate} {epoch.NumberOfImages} {epoch.ImagesPerSecond} {epoch.Seconds}"),
            Seed = 1,
            MemoryBudget = 1 << 20,
            Threads = 2,
            ValidationFraction = 0.1,
            ExampleWeightColumnName = "Weight",
            ClassWeights = ClassWeights.Balanced,
            DataPruning = null,
            EarlyStopping = new EarlyStopping { Metric = TrainingMetric.ValidationLoss, Patience = 3, LeastImprovement = 0.001 },
            BestWeightsBy = TrainingMetric.ValidationAccuracy,
            StartFrom = ml.Model.Load("model.zip", out _),
            InitialWeights = InitialWeights.FromFile("weights.safetensors"),
            FrozenStages = 2,
            FrozenStatistics = true,
            AllowFlip = false,
            BodyLearningRateMultiplier = 0.5,
            Calibrate = true,
            RejectBelow = 0.5,
            Checkpoints = new CheckpointOptions { Directory = "checkpoints", Epochs = 1, Minutes = 5, Kept = 3, Resume = true },
            OnCancellation = CancellationBehavior.ReturnModel,
            CancellationToken = default,
        };
        ITrainerEstimator<ResNetTransformer, ResNetModel> trainer = ml.MulticlassClassification.Trainers.ResNet(options);
        ResNetTrainer short_ = ml.MulticlassClassification.Trainers.ResNet("Label", "Features", data, 1, 96, initialWeights: null);
        TrainerInfo info = trainer.Info;
        SchemaShape shape = short_.GetOutputSchema(new SchemaShape([]));
        using ResNetTransformer fitted = short_.Fit(data);
        using ResNetTransformer validated = short_.Fit(data, data);
        ISingleFeaturePredictionTransformer<ResNetModel> transformer = fitted;
        ResNetModel model = transformer.Model;
        TrainingSummary training = model.Training;
        Console.WriteLine(
            $"{fitted.FeatureColumnName} {fitted.FeatureColumnType} {fitted.ScoreColumnName} {fitted.PredictedLabelColumnName} "
            + $"{fitted.IsRowToRowMapper} {fitted.GetOutputSchema(data.Schema)} {fitted.GetRowToRowMapper(data.Schema)} "
            + $"{fitted.Transform(data)} {model.Architecture} {model.ClassNames} "
            + $"{model.ImageChannels} {model.ImageHeight} {model.ImageWidth} {model.ResizeMode} {model.ParameterCount} {model.History} "
            + $"{training.Recipe} {training.Device} {training.Precision} {training.Seed} {training.BatchSize} "
            + $"{training.LearningRate} {training.Images} {training.History} {training.Outcome} {training.BestEpoch} "
            + $"{training.FromInitialWeights} {training.NeverFlipped} "
            + $"{info} {shape} {idx} {folder} "
            + $"{family} {layers[0].Name} {layers[0].Shape} {summary.ParameterCount} {architecture.Depths.First} {architecture}");
        if (training.Calibration is TemperatureScaling scaling)
        {
            Console.WriteLine(
                $"{scaling.Temperature} {scaling.LossBefore} {scaling.LossAfter} {scaling.CalibrationErrorBefore} "
                + $"{scaling.CalibrationErrorAfter} {ml.MulticlassClassification.CalibrationError(data, "Label", "Score")}");
        }

        bool isItself = ResNetTransformer.Find(fitted) == fitted;
        using ResNetTransformer careful = fitted.WithRejectBelow(0.8);
        using ResNetTransformer tolerant = fitted.WithUnreadableImages(UnreadableImages.Skip);
        ITransformer changed = ResNetTransformer.Change(fitted, transformer => transformer.WithRejectBelow(0.8));
        Console.WriteLine($"{changed}");
        using ResNetTransformer mirrored = fitted.WithTestTimeAugmentation(TestTimeAugmentation.Flip);
        using ResNetTransformer onCpu = fitted.WithDevice(ComputeDevice.Cpu);
        foreach (ClassProbability likely in model.TopClasses([0.2f, 0.8f], count: 1))
        {
            Console.WriteLine($"{likely.ClassName} {likely.Probability}");
        }

        Console.WriteLine($"{careful.Model.RejectBelow}");
        var wanted = new HeatMapOptions { ClassName = "a", ImageColumnName = "Seen" };
        IEstimator<HeatMapTransformer> explainer = ml.Transforms.ExplainImage("HeatMap", fitted, "Image", wanted);
        HeatMapEstimator unfitted = ml.Transforms.ExplainImage("HeatMap", fitted);
        using HeatMapTransformer maps = explainer.Fit(data);
        Console.WriteLine(
            $"{maps.Model} {maps.OutputColumnName} {maps.InputColumnName} {maps.ImageColumnName} {maps.ClassName} {maps.IsRowToRowMapper} "
            + $"{maps.GetOutputSchema(data.Schema)} {maps.GetRowToRowMapper(data.Schema)} {maps.Transform(data)} "
            + $"{unfitted.GetOutputSchema(shape)}");
        maps.Dispose();
        Enum[] choices =
        [
            ComputeDevice.Cpu, ComputeDevice.Cuda, ComputePrecision.Auto, ComputePrecision.BFloat16, TrainingRecipe.Fast,
            TrainingRecipe.Best, Augmentation.None,
            UnreadableImages.Fail, ResizeMode.Stretch, ResizeMode.CenterCrop, ResNetBlock.Basic, ResNetSkip.Convolution,
            ResNetSkip.ZeroPadding, ResNetStem.Large,
            CancellationBehavior.Throw, ClassWeights.Equal, TrainingMetric.TrainLoss, TrainingMetric.TrainAccuracy,
            DistributedTraining.Auto, DistributedTraining.Off, GradientCompression.BFloat16,
            TrainingPhase.Reading, TrainingPhase.ComputingFeatures, TrainingPhase.Training,
            TrainingPhase.Validating,
            TrainingOutcome.Completed, TrainingOutcome.StoppedEarly, TrainingOutcome.Cancelled, TrainingOutcome.Diverged,
        ];
        (int second, int third, int fourth) = (architecture.Depths.Second, architecture.Depths.Third, architecture.Depths.Fourth);
        Console.WriteLine($"{DistributedProcess.Rank} {DistributedProcess.Count} {DistributedProcess.IsFirst}");
        Console.WriteLine($"{choices.Length} {second} {third} {fourth}");
        try
        {
            fitted.Dispose();
        }
        catch (TrainingDivergedException e) when (e.LastGoodModel is { } lastGood)
        {
            Console.WriteLine($"{e.Epoch} {e.Step} {e.LearningRate}");
            lastGood.Dispose();
        }
        catch (UnusableImageException e)
        {
            Console.WriteLine(e.FileName);
        }

        var mean = new MeanImage(1, 1, [0.5f, 0.5f, 0.5f]);
        PixelStatistics[] statistics =
            [PixelStatistics.ImageNet, PixelStatistics.None, new PixelStatistics([0.5f], [0.25f]), new PixelStatistics(mean, [1, 1, 1])];
        Console.WriteLine($"{statistics[3].MeanImage} {mean.Channels} {mean.Height} {mean.Width} {mean.Pixels.Count}");
        var weights = InitialWeights.FromFile("weights.pth");
        Console.WriteLine(
            $"{weights.Path} {weights.Statistics} {weights.BlueFirst} {statistics[0].Mean} {statistics[0].Deviation} "
            + $"{model.PixelStatistics}");
        model.ExportToSafeTensors("weights.safetensors");
        model.ExportToSafeTensors(Stream.Null);
        model.ExportToOnnx("model.onnx", new OnnxExportOptions { PixelType = OnnxPixelType.Byte, Resize = true });
        model.ExportToOnnx(Stream.Null);
        ResNetFeaturesEstimator estimator = ml.Transforms.ResNetFeatures(
            "Embedding", weights, "Features", imageSize: 96, resizeMode: ResizeMode.CenterCrop);
        estimator = ml.Transforms.ResNetFeatures("Embedding", fitted, "Features");
        estimator = ml.Transforms.ResNetFeatures(new ResNetFeaturesEstimator.Options
        {
            OutputColumnName = "Embedding",
            InputColumnName = "Features",
            Weights = null,
            Model = fitted,
            ImageSize = null,
            ResizeMode = ResizeMode.Pad,
            ImageChannels = 1,
            MaximumImagePixels = 1_000_000,
            Device = ComputeDevice.Cpu,
        });
        Console.WriteLine(estimator.GetOutputSchema(shape).Count);
        using ResNetFeaturesTransformer features = estimator.Fit(data);
        Console.WriteLine(
            $"{features.InputColumnName} {features.OutputColumnName} {features.Architecture} {features.FeatureCount} "
            + $"{features.ImageChannels} {features.ImageHeight} {features.ImageWidth} {features.PixelStatistics} "
            + $"{features.IsRowToRowMapper} {features.GetOutputSchema(data.Schema).Count} {features.Transform(data).Schema.Count} "
            + $"{features.GetRowToRowMapper(data.Schema).OutputSchema.Count}");
        features.ExportToOnnx("features.onnx");
        features.ExportToOnnx(Stream.Null);
        Console.WriteLine($"{OnnxPixelType.Single} {model.TestTimeAugmentation}");
        Console.WriteLine($"{TestTimeAugmentation.Flip} {TestTimeAugmentation.None}");
        ml.Model.Save(fitted.Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(data)), data.Schema, "model.zip");
    }
}
