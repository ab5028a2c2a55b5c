#pragma once
// The two ways to multiply packed weights, as multiply() starts them.

#include "kernels/hip/multiply/prepared_input.hpp"
#include "kernels/hip/multiply/row_products.hpp"

namespace squall::kernels::hip {

/// For up to most_rows_of_decode rows of input. products.products[].first_block: in packs
void launch_rows(const Queue& queue, Format format, const PackedProducts& products,
                 const DecodeInput& input, InputSize size);

/// How larger batches are cut: many small tiles keep all of a device busy, large ones read less.
enum class TileCut : std::uint8_t { narrow, small, large };
/// rows: of all products of a launch
TileCut tile_cut_for(const Queue& queue, std::size_t rows, std::size_t batch);
unsigned rows_of_tile(TileCut cut);

/// products.products[].first_block: in tiles of rows_of_tile(cut) rows
void launch_tiles(const Queue& queue, Format format, TileCut cut, const PackedProducts& products,
                  const TileInput& input, InputSize size);

}  // namespace squall::kernels::hip
