//! Medians and percentiles.

use std::time::Duration;

/// One figure of each round.
#[derive(Clone, Debug, Default)]
pub struct Series(Vec<f64>);

impl Series {
    /// Adds a round's figure.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The median; 0 without rounds.
    pub fn median(&self) -> f64 {
        percentile(&self.0, 50)
    }

    /// `median (least – greatest)` with so many digits.
    pub fn show(&self, digits: usize) -> String {
        let least = percentile(&self.0, 0);
        let greatest = percentile(&self.0, 100);
        format!(
            "{} ({} – {})",
            number(self.median(), digits),
            number(least, digits),
            number(greatest, digits)
        )
    }
}

/// The smallest value that at least so many of a hundred do not exceed; 0 without values.
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// Milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Thousands apart, so many digits behind the point.
pub fn number(value: f64, digits: usize) -> String {
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut apart = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart + rest
}

/// `1.23×`
pub fn ratio(value: f64) -> String {
    let digits = if value < 10.0 { 2 } else { 0 };
    format!("{}×", number(value, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let shown = |values: &[f64], percents: [usize; 4]| {
            percents.map(|percent| number(percentile(values, percent), 0))
        };
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(shown(&values, [0, 50, 99, 100]), ["1", "3", "5", "5"]);
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(shown(&hundred, [1, 50, 99, 100]), ["1", "50", "99", "100"]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [(1_234_567.0, 0), (999.95, 1), (1_000.0, 2), (0.5, 1)].map(|(v, d)| number(v, d)),
            ["1,234,567", "1,000.0", "1,000.00", "0.5"]
        );
    }
}
