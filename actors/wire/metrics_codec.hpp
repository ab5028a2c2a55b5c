#pragma once
// The metrics part of the codec: snapshots, histograms and ledgers <-> protobuf.

#include <optional>
#include <string>

#include "actors/messages.hpp"

namespace squall::proto {
class Sealed;
}  // namespace squall::proto

namespace squall::actors {

/// The bytes of a batch as a field of a message or an entry: those that it has already, or made
/// now.
std::string bytes_of(const MetricsBatch& batch);
void write(const Sealed& sealed, proto::Sealed& out);

/// Fills a new batch, and keeps the bytes with it. False when they are none.
bool read_batch(const std::string& bytes, MetricsBatch& batch);
/// Empty when the parts cannot be what they say they are.
std::optional<Sealed> read(const proto::Sealed& in);

}  // namespace squall::actors
