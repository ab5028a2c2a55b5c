#pragma once
// The metrics part of the codec: snapshots, histograms and ledgers <-> protobuf.

#include <optional>

#include "actors/messages.hpp"

namespace squall::proto {
class MetricsBatch;
class Sealed;
}  // namespace squall::proto

namespace squall::actors {

void write(const MetricsBatch& batch, proto::MetricsBatch& out);
void write(const Sealed& sealed, proto::Sealed& out);

/// Empty when the parts cannot be what they say they are.
std::optional<MetricsBatch> read(const proto::MetricsBatch& in);
std::optional<Sealed> read(const proto::Sealed& in);

}  // namespace squall::actors
