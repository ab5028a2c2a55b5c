#pragma once
// Names of the random streams of a run: which choice a generator is for.

#include <cstdint>

namespace squall::scenarios {

/// Part of what a seed means: never renumber them.
struct RandomStream {
  enum Purpose : std::uint64_t {
    arrival_gaps = 1,
    prompt_choice = 2,
    prompt_length = 3,
    answer_length = 4,
    sampling = 5,
    thinking = 6,
    category_choice = 7,
    session_turns = 8,
    session_pause = 9,
    prefix_choice = 10,
    prefix_length = 11,
    accuracy_sample = 12,
    prefix_words = 13,
    block_words = 14,  // of a trace
    late_entry = 15,
  };
};

}  // namespace squall::scenarios
