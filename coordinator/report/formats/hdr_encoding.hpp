#pragma once
// A histogram as HdrHistogram's own libraries write it: the V2 encoding, compressed, in base64
// (AbstractHistogram.encodeIntoCompressedByteBuffer of HdrHistogram, hdrhistogram.org). Our layout
// is theirs with lowest discernible value 1, unit 1 us, and three significant digits.

#include <string>

#include "actors/metrics/histogram.hpp"

namespace squall::coordinator {

/// Values are whole microseconds. Negative values and those beyond 38 hours have no bucket there
/// and are left out.
std::string hdr_base64(const actors::Histogram& histogram);

}  // namespace squall::coordinator
