using System.Diagnostics;
using System.Runtime.CompilerServices;
using ResNetMLNet.Native;
using static TorchSharp.torch;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>What is done with all tiles of images.</summary>
/// <remarks>
/// Where a kernel stays in a processor's cache, each thread takes blocks of so few tiles that they do too. Large kernels come from memory,
/// once for as many tiles as there is room for: there all threads share a block, and the planes of the kernel.
/// </remarks>
internal static class TileLoops
{
    private const int Panel = Planes.Panel;

    // Measured: blocks of half and of twice as many tiles are no faster. Whole rows of products of either width.
    private const int SmallBlock = 24;
    private const int SmallKernel = 96 * 96;

    // Numbers that the tiles of a large block become.
    private const int LargeBlock = 4 << 20;

    // Panels of outputs that a thread takes at a time.
    private const int PanelsAtOnce = 4;

    /// <summary>The images of a convolution.</summary>
    /// <param name="images">Of shape (images, height, width, inputs).</param>
    /// <param name="kernels">Of <see cref="KernelTransforms.OfKernels"/>.</param>
    /// <param name="outputs">Of shape (images, height, width, outputs).</param>
    public static void Convolve<TFloats>(Tensor images, float[] kernels, Tensor outputs)
        where TFloats : struct, IFloats<TFloats>
    {
        var (grid, depth, width) = (Grid(images), (int)images.shape[3], (int)outputs.shape[3]);
        ForBlocks<TFloats>(grid.Count, depth, width, (first, end, rows, run) =>
        {
            var (inputs, products) = (Planes.Rent(depth, rows), Planes.Rent(width, rows));
            Transform<InputMatrix, TFloats>(images, grid, (first, end), (inputs, rows), run);
            var (inputPlane, productPlane) = (Planes.Distance(depth, rows), Planes.Distance(width, rows));
            var parts = (width + (Panel * PanelsAtOnce) - 1) / (Panel * PanelsAtOnce);
            run(Planes.Count * parts, part =>
            {
                var (plane, panels) = (part / parts, part % parts * PanelsAtOnce);
                for (var panel = panels * Panel; panel < Math.Min(width, (panels + PanelsAtOnce) * Panel); panel += Panel)
                {
                    ref var kernel = ref kernels[(plane * Planes.Distance(width, depth)) + (panel * depth)];
                    for (var row = 0; row < end - first; row += TFloats.Rows)
                    {
                        TFloats.Multiply(
                            ref inputs[(plane * inputPlane) + (row * Panel)], depth / Panel, rows * Panel, ref kernel,
                            ref products[(plane * productPlane) + (panel * rows) + (row * Panel)]);
                    }
                }
            });
            ForTiles(first, end, run, (begin, end) =>
            {
                ref var pixels = ref Pixels.Of(outputs);
                for (var at = begin; at < end; at++)
                {
                    var tile = grid[at];
                    TileTransforms.ToPixels<TFloats>(
                        ref products[(at - first) * Panel], rows, width,
                        ref Unsafe.Add(ref pixels, (nint)grid.Pixel(tile.Image, tile.Top, tile.Left) * width), grid.Width * width,
                        Math.Min(TileGrid.Side, grid.Height - tile.Top), Math.Min(TileGrid.Side, grid.Width - tile.Left));
                }
            });
            Planes.Return(inputs, products);
        });
    }

    /// <summary>The gradient of a convolution's kernels.</summary>
    /// <param name="images">Of shape (images, height, width, inputs).</param>
    /// <param name="gradients">Of shape (images, height, width, outputs).</param>
    /// <param name="kernels">Of shape (3, 3, inputs, outputs).</param>
    public static void Correlate<TFloats>(Tensor images, Tensor gradients, Tensor kernels)
        where TFloats : struct, IFloats<TFloats>
    {
        var (grid, depth, width) = (Grid(images), (int)images.shape[3], (int)gradients.shape[3]);
        if (IsLarge(depth, width))
        {
            var sums = Planes.RentZeros(width, depth);
            ForBlocks<TFloats>(grid.Count, depth, width, (first, end, rows, run) => AddTo(sums, first, end, rows, run));
            KernelTransforms.ToKernels<TFloats>([sums], kernels);
            Planes.Return(sums);
            return;
        }

        // As many as there are threads, so that the order of sums is always the same.
        var parts = new float[Math.Min(get_num_threads(), grid.Count)][];
        TorchTeam.Run(parts.Length, part =>
        {
            parts[part] = Planes.RentZeros(width, depth);
            var end = (int)((long)grid.Count * (part + 1) / parts.Length);
            for (var first = (int)((long)grid.Count * part / parts.Length); first < end; first += SmallBlock)
            {
                AddTo(parts[part], first, Math.Min(end, first + SmallBlock), SmallBlock, TorchTeam.RunAlone);
            }
        });
        KernelTransforms.ToKernels<TFloats>(parts, kernels);
        Planes.Return(parts);

        void AddTo(float[] sums, int first, int end, int rows, Action<int, Action<int>> run)
        {
            var (inputs, outputs) = (Planes.Rent(depth, rows), Planes.Rent(width, rows));
            Transform<InputMatrix, TFloats>(images, grid, (first, end), (inputs, rows), run);
            Transform<GradientMatrix, TFloats>(gradients, grid, (first, end), (outputs, rows), run);
            run(Planes.Count * (width / Panel), part =>
            {
                var (plane, panel) = (part / (width / Panel), part % (width / Panel) * Panel);
                for (var input = 0; input < depth; input += Panel)
                {
                    TFloats.Correlate(
                        ref inputs[(plane * Planes.Distance(depth, rows)) + (input * rows)],
                        ref outputs[(plane * Planes.Distance(width, rows)) + (panel * rows)], end - first,
                        ref sums[(plane * Planes.Distance(width, depth)) + (panel * depth) + (input * Panel)]);
                }
            });
            Planes.Return(inputs, outputs);
        }
    }

    private static bool IsLarge(int depth, int width) => depth * width > SmallKernel;

    private static TileGrid Grid(Tensor images) => new((int)images.shape[0], (int)images.shape[1], (int)images.shape[2]);

    // For each block its first tile, the end of them, the rows that there must be room for, and what runs parts of the work.
    private static void ForBlocks<TFloats>(int count, int depth, int width, Action<int, int, int, Action<int, Action<int>>> run)
        where TFloats : struct, IFloats<TFloats>
    {
        Debug.Assert(SmallBlock % TFloats.Rows == 0, "Products would be written behind a block.");
        if (IsLarge(depth, width))
        {
            var most = Math.Max(SmallBlock, LargeBlock / (Planes.Count * (depth + width)));
            var blocks = (count + most - 1) / most;
            var rows = (((count + blocks - 1) / blocks) + TFloats.Rows - 1) / TFloats.Rows * TFloats.Rows;
            for (var first = 0; first < count; first += rows)
            {
                run(first, Math.Min(count, first + rows), rows, TorchTeam.Run);
            }
        }
        else
        {
            TorchTeam.Run((count + SmallBlock - 1) / SmallBlock, block =>
                run(block * SmallBlock, Math.Min(count, (block + 1) * SmallBlock), SmallBlock, TorchTeam.RunAlone));
        }
    }

    // The first tile and the end of them, of each part.
    private static void ForTiles(int first, int end, Action<int, Action<int>> run, Action<int, int> some) =>
        run((end - first + SmallBlock - 1) / SmallBlock, part =>
            some(first + (part * SmallBlock), Math.Min(end, first + ((part + 1) * SmallBlock))));

    private static void Transform<TMatrix, TFloats>(
        Tensor images, TileGrid grid, (int First, int End) tiles, (float[] Planes, int Rows) to, Action<int, Action<int>> run)
        where TMatrix : struct, IMatrix
        where TFloats : struct, IFloats<TFloats>
    {
        var channels = (int)images.shape[3];
        ForTiles(tiles.First, tiles.End, run, (begin, end) =>
        {
            var room = Planes.Rent(channels, rows: 1);
            ref var pixels = ref Pixels.Of(images);
            for (var at = begin; at < end; at++)
            {
                ref var square = ref Pixels.Square(ref pixels, grid, grid[at], TMatrix.Columns, channels, room, out var line);
                TileTransforms.OfPixels<TMatrix, TFloats>(ref square, line, channels, ref to.Planes[(at - tiles.First) * Panel], to.Rows);
            }

            Planes.Return(room);
        });
    }
}
