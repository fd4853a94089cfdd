// Trains on a folder of images, one sub-folder a class, says how good the model is, and what it sees in one image.
open System
open System.IO
open Microsoft.ML
open Microsoft.ML.Data
open ResNetMLNet

/// What goes in. Rows are records that can be made without values.
[<CLIMutable>]
type Image = { ImageBytes: byte[] }

/// What comes out.
[<CLIMutable>]
type Prediction = { PredictedLabel: string; Score: float32[] }

let train (folder: string) =
    let ml = MLContext(seed = Nullable 1)
    let images = ml.Data.LoadFromImageFolder folder
    let split = ml.Data.TrainTestSplitByClass(images, testFraction = 0.2)

    // An object initializer is arguments of the constructor; a callback says that it is an Action.
    let options =
        ResNetTrainer.Options(
            FeatureColumnName = "ImageBytes",
            ImageSize = 96,
            InitialWeights = PretrainedWeights.ImageNet,
            FrozenStages = 4,
            EpochCallback = Action<EpochMetrics>(fun epoch -> printfn "%O" epoch))

    // An estimator of one transformer is none of another in F#: an empty chain takes them all.
    let pipeline =
        EstimatorChain()
            .Append(ml.MulticlassClassification.Trainers.ResNet options)
            .Append(ml.Transforms.Conversion.MapKeyToValue "PredictedLabel")

    let model = pipeline.Fit split.TrainSet
    let metrics = ml.MulticlassClassification.Evaluate(model.Transform split.TestSet)
    printfn $"{metrics.MicroAccuracy:P1} of the test images are classified rightly."

    ml.Model.Save(model, images.Schema, "model.zip")
    let loaded, _ = ml.Model.Load "model.zip"

    // A function becomes the delegate that it is wanted as.
    let careful = ResNetTransformer.Change(loaded, fun transformer -> transformer.WithRejectBelow(Nullable 0.5))
    use engine = ml.Model.CreatePredictionEngine<Image, Prediction> careful
    let file = split.TestSet.GetColumn<string> "ImagePath" |> Seq.head
    let prediction = engine.Predict { ImageBytes = File.ReadAllBytes file }
    let likeliest = ResNetTransformer.Find(careful).Model.TopClasses(prediction.Score, count = 2)
    let label = if String.IsNullOrEmpty prediction.PredictedLabel then "unknown" else prediction.PredictedLabel
    printfn "%s: %s (%s)" file label (likeliest |> Seq.map string |> String.concat ", ")

[<EntryPoint>]
let main args =
    match args with
    | [| folder |] ->
        train folder
        0
    | _ ->
        eprintfn "Usage: FSharp FOLDER, with one sub-folder of images a class."
        2
