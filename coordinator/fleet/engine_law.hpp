#pragma once
// How long one step of an engine takes, as a law of what is in its batch, and the limits by which
// the batch is made up. Laws are fitted to measured steps (step_fit.hpp); pure arithmetic.
//
// The law is a sum of costs, none of them negative: one of any step, one of each row (a token to
// compute) that may change with the number of rows, one of each token that is yielded, and one of
// each position that a row looks back at.

#include <cstdint>
#include <string>
#include <vector>

namespace squall::coordinator {

/// What one step computes.
struct StepWork {
  std::uint32_t decoding = 0;       // requests that get one more token of their answer
  std::uint32_t prompt_tokens = 0;  // over all requests
  std::uint32_t prompts_done = 0;   // prompts whose last piece is among them: they yield a token
  double decode_positions = 0;      // that the decoding ones look back at, themselves included
  double prompt_positions = 0;      // that the prompt tokens look back at, themselves included

  std::uint32_t rows() const { return decoding + prompt_tokens; }
  std::uint32_t yields() const { return decoding + prompts_done; }
};

/// By which the engine makes up its batch; as its settings have them.
struct EngineLimits {
  std::uint32_t max_batch = 64;       // requests in one step, at most
  std::uint32_t first_batch = 16;     // where the adaptive limit starts
  std::uint32_t prefill_chunk = 128;  // prompt tokens in one step, over all requests
  std::uint64_t pages = 0;            // of keys and values; 0: as many as are wanted
  std::uint32_t page_positions = 32;  // of one page
  std::uint64_t page_bytes = 0;       // likewise; 0: not known
  std::uint64_t context = 0;          // positions of prompt and answer together; 0: not known
  bool reuse_prefixes = true;         // prompts that begin alike are computed once

  friend bool operator==(const EngineLimits&, const EngineLimits&) = default;
};

struct EngineLaw {
  /// From `from` rows on, up to the next piece: what each further row costs, in seconds.
  struct RowPiece {
    std::uint32_t from = 1;
    double per_row = 0;
    friend bool operator==(const RowPiece&, const RowPiece&) = default;
  };

  std::string model, fingerprint, backend;  // what was measured; empty where nobody said
  bool synthetic_weights = false;
  std::uint32_t threads = 0;
  EngineLimits limits;

  // Seconds.
  double per_step = 0;         // of any step, its first row included
  std::vector<RowPiece> rows;  // ascending; empty: rows cost nothing more
  double per_token = 0;        // yielded: logits, and the choice among them
  double per_decode_position = 0;
  double per_prompt_position = 0;

  double seconds(const StepWork& work) const;

  friend bool operator==(const EngineLaw&, const EngineLaw&) = default;
};

}  // namespace squall::coordinator
