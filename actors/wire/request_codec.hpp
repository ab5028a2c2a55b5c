#pragma once
// Records of requests <-> protobuf. They lie within a batch's bytes unread: reading them costs as
// much as all else in it, and only reports want them.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/metrics/request_record.hpp"

namespace squall::actors {

/// As a batch carries them.
std::string bytes_of(const std::vector<RequestRecord>& requests);

/// Those of a batch in its encoding (MetricsBatch::encoded); none where it carries none. Empty when
/// what is there are no records: columns of unequal length, durations out of range.
std::optional<std::vector<RequestRecord>> requests_of(std::span<const std::byte> batch);

}  // namespace squall::actors
