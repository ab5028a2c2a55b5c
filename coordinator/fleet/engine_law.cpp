#include "coordinator/fleet/engine_law.hpp"

#include <algorithm>

namespace squall::coordinator {

namespace {

double seconds_of_rows(const std::vector<EngineLaw::RowPiece>& pieces, std::uint32_t rows) {
  double seconds = 0;
  for (std::size_t i = 0; i < pieces.size() && pieces[i].from < rows; ++i) {
    const std::uint32_t end = i + 1 < pieces.size() ? std::min(rows, pieces[i + 1].from) : rows;
    seconds += pieces[i].per_row * (end - pieces[i].from);
  }
  return seconds;
}

}  // namespace

double EngineLaw::seconds(const StepWork& work) const {
  return per_step + seconds_of_rows(rows, work.rows()) + per_token * work.yields() +
         per_decode_position * work.decode_positions + per_prompt_position * work.prompt_positions;
}

}  // namespace squall::coordinator
