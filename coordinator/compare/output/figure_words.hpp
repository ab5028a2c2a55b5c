#pragma once
// Changes and judgements in words, as every output of a comparison has them.

#include <string>

namespace squall::coordinator {

struct FigureComparison;
struct RunComparison;

/// "+12.3 %", "-0.4 %"; of shares "+1.2 points"; "unknown" where it is infinite.
std::string change_text(const FigureComparison& figure, double change);

/// "+8.1 .. +17 %"; "unknown" where runs are too few.
std::string interval_text(const FigureComparison& figure);

/// "0.0079"; "<0.0001".
std::string p_text(double p);

/// What was found, and when it is inconclusive what to do.
std::string sentence_of(const RunComparison& comparison);

}  // namespace squall::coordinator
