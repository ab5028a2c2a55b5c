#pragma once
// One forward pass of a model over tokens of several sequences at once, by one backend or by
// several, each with layers of its own.
//
// A sequence's logits depend on its own tokens only: not on what shares the pass, and not on how
// its prompt was cut into pieces. One thread at a time; memory is allocated at construction.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/layer_stack.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

/// For which tokens of a piece logits are computed.
enum class WantedLogits { none, last, all };

/// The next tokens of one sequence.
struct SequencePiece {
  KvSequence* sequence = nullptr;        // holds all tokens before; extended by these
  std::span<const std::int32_t> tokens;  // at least one, each in the vocabulary
  WantedLogits wanted = WantedLogits::last;
};

class Transformer {
 public:
  Transformer(std::shared_ptr<const Model> model, LayerRuns runs, TransformerLimits limits);
  /// All layers on one backend.
  Transformer(std::shared_ptr<const Model> model, kernels::Backend& backend,
              TransformerLimits limits);

  /// Computes all but the logits; how many rows of them are wanted. The pieces' sequences are all
  /// different and of one cache, which has the same runs. After an exception the sequences are as
  /// they were. A GPU may still be at work when rows are wanted, and its errors come with these.
  std::size_t run(std::span<const SequencePiece> pieces);
  /// The last pass's wanted logits `first` to `first + count`, [count, vocabulary], in the order of
  /// pieces and tokens; valid until the next call.
  std::span<const float> logits(std::size_t first, std::size_t count);
  /// The same rows' greatest logits, [count, candidates], as Backend::greatest() has them.
  std::span<const kernels::Candidate> greatest(std::size_t first, std::size_t count,
                                               std::size_t candidates);
  /// run() and logits() of all wanted rows at once.
  std::span<const float> forward(std::span<const SequencePiece> pieces);

  /// Whether greatest() is worth its while.
  bool logits_are_far() const { return !stacks_.back().backend().uses_host_memory(); }

 private:
  void gather_rows(std::span<const SequencePiece> pieces);
  std::span<const std::size_t> wanted(std::size_t first, std::size_t count) const;

  std::shared_ptr<const Model> model_;
  TransformerLimits limits_;
  std::vector<LayerStack> stacks_;
  PassRows rows_;
};

}  // namespace squall::agents
