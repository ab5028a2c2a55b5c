#include "agents/engine/transformer.hpp"

#include <array>
#include <cassert>
#include <utility>

namespace squall::agents {

Transformer::Transformer(std::shared_ptr<const Model> model, LayerRuns runs,
                         TransformerLimits limits)
    : model_(std::move(model)), limits_(limits) {
  assert(!runs.empty());
  stacks_.reserve(runs.size());
  std::size_t layers = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    stacks_.emplace_back(*model_, runs[run],
                         StackPlace{.run = run,
                                    .first_layer = layers,
                                    .looks_up_tokens = run == 0,
                                    .makes_logits = run + 1 == runs.size()},
                         limits);
    layers += runs[run].layers;
  }
  assert(layers == model_->layers.size());
  rows_.tokens.reserve(limits_.tokens);
  rows_.positions.reserve(limits_.tokens);
  rows_.wanted.reserve(limits_.wanted_rows);
}

Transformer::Transformer(std::shared_ptr<const Model> model, kernels::Backend& backend,
                         TransformerLimits limits)
    : Transformer(model, std::array{LayerRun{.backend = &backend, .layers = model->layers.size()}},
                  limits) {}

std::span<const float> Transformer::forward(std::span<const SequencePiece> pieces) {
  return logits(0, run(pieces));
}

std::size_t Transformer::run(std::span<const SequencePiece> pieces) {
  if (pieces.empty()) return 0;
  gather_rows(pieces);
  for (std::size_t i = 0; i < stacks_.size(); ++i) {
    if (i == 0) {
      stacks_[i].look_up(rows_);
    } else {
      stacks_[i].take_over(stacks_[i - 1], rows_);
    }
    stacks_[i].compute(rows_, pieces.front().sequence->cache());
  }
  // Nobody asks for anything of this pass: so that it takes its own time, and its own errors come
  // with it.
  if (rows_.wanted.empty()) stacks_.back().wait();
  for (const SequencePiece& piece : pieces) piece.sequence->extend(piece.tokens.size());
  return rows_.wanted.size();
}

void Transformer::gather_rows(std::span<const SequencePiece> pieces) {
  rows_.tokens.clear();
  rows_.positions.clear();
  rows_.wanted.clear();
  for (LayerStack& stack : stacks_) stack.begin();
  for (const SequencePiece& piece : pieces) {
    KvSequence& sequence = *piece.sequence;
    assert(!piece.tokens.empty() && &sequence.cache() == &pieces.front().sequence->cache());
    assert(rows_.tokens.size() + piece.tokens.size() <= limits_.tokens);
    const std::size_t first = sequence.length();
    sequence.make_room(piece.tokens.size());
    for (LayerStack& stack : stacks_) stack.add_part(sequence, first, piece.tokens.size());
    for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
      const bool last = i + 1 == piece.tokens.size();
      if (piece.wanted == WantedLogits::all || (last && piece.wanted == WantedLogits::last)) {
        rows_.wanted.push_back(rows_.tokens.size());
      }
      rows_.tokens.push_back(piece.tokens[i]);
      rows_.positions.push_back(static_cast<std::int32_t>(first + i));
    }
  }
  assert(rows_.wanted.size() <= limits_.wanted_rows);
}

std::span<const std::size_t> Transformer::wanted(std::size_t first, std::size_t count) const {
  assert(count <= limits_.logits_rows && first + count <= rows_.wanted.size());
  return std::span(rows_.wanted).subspan(first, count);
}

std::span<const float> Transformer::logits(std::size_t first, std::size_t count) {
  if (count == 0) return {};
  LayerStack& last = stacks_.back();
  return last.backend().read(last.logits(wanted(first, count)), count * model_->shape.vocabulary);
}

std::span<const kernels::Candidate> Transformer::greatest(std::size_t first, std::size_t count,
                                                          std::size_t candidates) {
  if (count == 0) return {};
  LayerStack& last = stacks_.back();
  return last.backend().greatest(last.logits(wanted(first, count)), count, model_->shape.vocabulary,
                                 candidates);
}

}  // namespace squall::agents
