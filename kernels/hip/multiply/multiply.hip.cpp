// multiply() as the backend calls it: the input is prepared once, the products of one format go
// into one launch.

#include <cassert>
#include <vector>

#include "kernels/hip/multiply/packed_launches.hpp"
#include "kernels/hip/multiply/packed_weights.hpp"

namespace squall::kernels::hip {
namespace {

/// Calls launch(format, products) for all products of a format at a time, at most four.
/// rows_of_block: of a matrix, that a block of the launch works on
template <class Launch>
void launch_by_format(std::span<const DeviceProduct> products, unsigned rows_of_block,
                      const Launch& launch) {
  for (std::size_t f = 0; f < format_count; ++f) {
    const auto format = static_cast<Format>(f);
    PackedProducts together;
    unsigned count = 0;
    const auto flush = [&] {
      if (count > 0) launch(format, together);
      together = {};
      count = 0;
    };
    for (const DeviceProduct& product : products) {
      const DeviceMatrix& weights = product.weights;
      if (packed_as(weights.format) != format || weights.rows == 0) continue;
      if (count == most_products_of_launch) flush();
      together.products[count] = {.packs = weights.data,
                                  .output = product.output,
                                  .rows = static_cast<std::uint32_t>(weights.rows),
                                  .first_block = together.blocks,
                                  .scale = weights.scale};
      together.blocks +=
          static_cast<std::uint32_t>((weights.rows + rows_of_block - 1) / rows_of_block);
      ++count;
    }
    flush();
  }
}

DecodeForms forms_wanted(std::span<const DeviceProduct> products) {
  DecodeForms forms;
  for (const DeviceProduct& product : products) {
    (is_float(shape_of(product.weights.format)) ? forms.floats : forms.integers) = true;
  }
  return forms;
}

}  // namespace

void multiply(const Queue& queue, std::span<const DeviceProduct> products, const float* input,
              std::size_t batch, std::byte* scratch) {
  if (products.empty() || batch == 0) return;
  const InputSize size{.batch = batch, .columns = products.front().weights.columns};
  std::size_t rows = 0;
  for (const DeviceProduct& product : products) {
    assert(product.weights.columns == size.columns);
    rows += product.weights.rows;
  }
  if (batch <= most_rows_of_decode) {
    const DecodeInput prepared =
        prepare_for_decode(queue, input, size, forms_wanted(products), scratch);
    launch_by_format(products, rows_per_pack, [&](Format format, const PackedProducts& together) {
      launch_rows(queue, format, together, prepared, size);
    });
    return;
  }
  const TileInput prepared = prepare_for_tiles(queue, input, size, scratch);
  const TileCut cut = tile_cut_for(queue, rows, batch);
  launch_by_format(products, rows_of_tile(cut), [&](Format format, const PackedProducts& together) {
    launch_tiles(queue, format, cut, together, prepared, size);
  });
}

}  // namespace squall::kernels::hip
