using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring;

namespace ResNetMLNet;

/// <summary>
/// Makes a <see cref="HeatMapTransformer"/> of a fitted residual network; see <see cref="ResNetCatalog.ExplainImage"/>. There is nothing to
/// learn: fitting checks that the data has images as the network takes them.
/// </summary>
public sealed class HeatMapEstimator : IEstimator<HeatMapTransformer>
{
    private readonly IHost _host;
    private readonly ResNetTransformer _network;
    private readonly HeatMapColumns _columns;
    private readonly string? _className;

    internal HeatMapEstimator(IHostEnvironment environment, ResNetTransformer network, HeatMapColumns columns, string? className)
    {
        _host = environment.Register(nameof(HeatMapEstimator));
        (_network, _columns, _className) = (network, columns, className);
        Check();
    }

    /// <summary>Checks the data and makes the transformer, which has a network of its own: the model may be disposed.</summary>
    /// <param name="input">The data.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The column of images is missing, or of a type or shape that the network does not take.
    /// </exception>
    public HeatMapTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var transformer = new HeatMapTransformer(_host, _network.Model, _columns, _className, _network.Device, _network.Context);
        transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FeatureColumn.Check(_host, inputSchema, _columns.Feature);
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var name in (string[])[_columns.HeatMap, .. _columns.Image is { } image ? [image] : (string[])[]])
        {
            columns[name] = Internals.CreateColumn(name, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, isKey: false);
        }

        return new(columns.Values);
    }

    private void Check()
    {
        foreach (var (parameter, name) in (
            (string, string?)[])[("inputColumnName", _columns.Feature), (nameof(HeatMapOptions.ImageColumnName), _columns.Image)])
        {
            if (name is not null && string.IsNullOrWhiteSpace(name))
            {
                throw _host.Error($"{parameter} is '{name}', but it must be the name of a column, or null.");
            }
        }

        if (_columns.HeatMap == _columns.Image)
        {
            throw _host.Error(
                $"The column of the heat map and {nameof(HeatMapOptions.ImageColumnName)} are both '{_columns.Image}': give them names of "
                + "their own.");
        }

        if (_className is not null && !_network.Model.ClassNames.Contains(_className))
        {
            throw _host.Error(
                $"The model knows no class '{_className}' ({nameof(HeatMapOptions.ClassName)}). It knows: "
                + $"{string.Join(", ", _network.Model.ClassNames.Take(20).Select(name => $"'{name}'"))}"
                + $"{(_network.Model.ClassNames.Count > 20 ? " and others" : "")}.");
        }
    }
}
