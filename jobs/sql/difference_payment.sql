-- One row for each unit and day: the latest settlement run. Earlier runs of the same day stay in the table.
-- Runs in PostgreSQL and, over extracts in files, in Polars SQL.
select
    "Settlement_Date" as settlement_date,
    "CfD_ID" as cfd_id,
    "Settlement_Run_Type" as run_type,
    "Latest_Flag" as is_latest,
    "Reference_Type" as reference_type,
    "CFD_Generation_MWh" as generation_mwh,
    "Avoided_GHG_tonnes_CO2e" as avoided_ghg_tonnes,
    "Strike_Price_GBP_Per_MWh" as strike_price,
    "Market_Reference_Price_GBP_Per_MWh" as market_price,
    "Weighted_IMRP_GBP_Per_MWh" as weighted_imrp,
    "CFD_Payments_GBP" as amount_gbp,
    "Calculated_At" as calculated_at
from settlements.difference_payment
where "Latest_Flag" = true
