#pragma once
// Reads a recorded load: Mooncake's JSONL, Azure's CSV of LLM inference, BurstGPT's CSV.
//
// Mooncake:  {"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}
//            milliseconds; one hash a block of 512 tokens (github.com/kvcache-ai/Mooncake)
// Azure:     TIMESTAMP,ContextTokens,GeneratedTokens
//            2023-11-16 18:17:03.9799600,374,44        (2024: 2024-05-10 00:00:00.009930+00:00)
//            (github.com/Azure/AzurePublicDataset)
// BurstGPT:  Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
//            5,ChatGPT,472,18,490,Conversation log     seconds (github.com/HPMLL/BurstGPT)
//
// Columns are found by their names, whatever their order; columns that are not needed are not read.

#include <filesystem>
#include <memory>

#include "scenarios/load/trace.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::scenarios {

/// `path` is where the trace lies; of `replay`, format, skip and limit are used: they count entries
/// in the file's order, and nothing is read behind the last one wanted. What was taken is then
/// sorted by time (equal instants keep the file's order), and its first entry is at 0.
/// An entry of 0 tokens has 1: somebody asked, though nothing came back.
/// Throws DatasetError.
std::shared_ptr<const Trace> load_trace(const std::filesystem::path& path,
                                        const TraceReplay& replay);

/// Of a scenario that lies in `folder`; none where its load is no replay. Throws DatasetError.
std::shared_ptr<const Trace> trace_of(const Scenario& scenario,
                                      const std::filesystem::path& folder);

}  // namespace squall::scenarios
