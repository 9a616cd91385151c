//! Finds the metrics that functions report, by searching their sources.

/// A metric that a source reports.
pub struct Reported<'a> {
    /// The source, relative to the root.
    pub file: &'a str,
    /// The dimension: `FunctionName` or `TableName`.
    pub dimension: &'a str,
    /// The name of the figure.
    pub figure: &'a str,
}

impl Reported<'_> {
    /// Returns whether it is the metric of an alarm with these dimensions.
    pub fn is(&self, figure: &str, dimensions: &str) -> bool {
        let function = self.file.strip_prefix("functions/").and_then(|file| file.split('/').next());
        let whose = function.filter(|_| self.dimension == "FunctionName").map_or_else(String::new, |f| format!("'${{Stack}}-{f}'"));
        self.figure == figure && dimensions.contains(&format!("{{Name: {},", self.dimension)) && dimensions.contains(&whose)
    }
}

/// Returns the metrics that a source reports.
pub fn reported<'a>(file: &'a str, code: &'a str) -> Vec<Reported<'a>> {
    let of = |call: &'a str, dimension: &'a str| {
        let figures = call.split_once("&[").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(figures, _)| figures);
        let names = figures.split("(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0));
        names.map(move |figure| Reported { file, dimension, figure })
    };
    let own = code.split(".report(").skip(1).flat_map(|call| of(call, "FunctionName"));
    let common = code.split("report_of(").skip(1).filter_map(|call| call.split_once('"')?.1.split_once('"'));
    own.chain(common.flat_map(|(dimension, call)| of(call, dimension))).collect()
}
